package consumer;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.Stream;

/** Two sessions over one connection, and a stream of a few bytes. */
public final class Yamux {
    private Yamux() {}

    public static void main(String[] args) throws Exception {
        try (ServerSocketChannel listener = ServerSocketChannel.open()) {
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            SocketChannel dialled = SocketChannel.open(listener.getLocalAddress());
            try (Session client = Session.client(dialled);
                    Session server = Session.server(listener.accept());
                    Stream sending = client.open()) {
                sending.getOutputStream().write("hello".getBytes(StandardCharsets.UTF_8));
                sending.shutdownOutput();
                try (Stream receiving = server.accept()) {
                    byte[] received = receiving.getInputStream().readAllBytes();
                    System.out.println("yamux: " + new String(received, StandardCharsets.UTF_8));
                }
            }
        }
    }
}
