package consumer;

import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.relay4j.client.RelayAcceptor;
import org.relay4j.client.RelayClient;
import org.relay4j.server.RelayServer;

/** A relay server, a program behind it, and a visitor. */
public final class Echo {
    private Echo() {}

    public static void main(String[] args) throws Exception {
        try (RelayServer relay = RelayServer.start(0);
                RelayAcceptor acceptor = RelayClient.connect("localhost", relay.port());
                Socket visitor = new Socket("localhost", acceptor.publicAddress().getPort())) {
            visitor.getOutputStream().write("hello".getBytes(StandardCharsets.UTF_8));
            visitor.shutdownOutput();
            try (Socket accepted = acceptor.accept()) {
                byte[] received = accepted.getInputStream().readAllBytes();
                System.out.println("tunnel: " + new String(received, StandardCharsets.UTF_8));
            }
        }
    }
}
