package org.relay4j.examples.echo;

import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.relay4j.client.RelayAcceptor;
import org.relay4j.client.RelayClient;

/** A server without a local port: it echoes what each visitor of a public port sends. */
public final class EchoServer implements AutoCloseable {
    private final RelayAcceptor acceptor;
    private final ExecutorService visitors = Executors.newCachedThreadPool();

    EchoServer(String relayHost, int relayPort) throws IOException {
        acceptor = RelayClient.connect(relayHost, relayPort);
    }

    public static void main(String[] args) throws IOException {
        if (args.length != 2 || !args[1].matches("[0-9]{1,5}")) {
            System.err.println("usage: EchoServer <relay host> <relay port>");
            System.exit(2);
        }
        try (EchoServer server = new EchoServer(args[0], Integer.parseInt(args[1]))) {
            System.out.println("try: nc " + args[0] + " " + server.publicPort());
            server.run();
        }
    }

    int publicPort() {
        return acceptor.getLocalPort();
    }

    /** Serves visitors until {@link #close}. A lost tunnel is re-established. */
    void run() throws IOException {
        while (true) {
            Socket visitor;
            try {
                visitor = acceptor.accept();
            } catch (SocketException e) {
                if (acceptor.isClosed()) return;
                throw e;
            }
            visitors.execute(() -> echo(visitor));
        }
    }

    private static void echo(Socket visitor) {
        try (visitor) {
            visitor.getInputStream().transferTo(visitor.getOutputStream());
        } catch (IOException e) {
            System.err.println("connection to a visitor lost: " + e.getMessage());
        }
    }

    @Override
    public void close() throws IOException {
        acceptor.close();
        visitors.shutdown();
    }
}
