package org.relay4j.testing;

import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketException;
import java.util.concurrent.atomic.AtomicLong;

/** The service at the far end of a {@link LongPath}: the first byte of a connection selects receive, send or echo. */
public final class LongPathService implements AutoCloseable {
    private final AtomicLong received = new AtomicLong(); // bytes
    private final FakeServer server;

    private LongPathService() throws IOException {
        server = FakeServer.start(this::serve);
    }

    public static LongPathService start() throws IOException {
        return new LongPathService();
    }

    public int port() {
        return server.port();
    }

    /** Returns the counter of bytes received from all visitors. */
    AtomicLong received() {
        return received;
    }

    /** Serves one visitor until it disconnects. */
    public void serve(Socket connection) throws IOException {
        connection.setSoTimeout(0);
        try {
            int wish = connection.getInputStream().read();
            if (wish == '<') count(connection, received);
            else if (wish == '>') send(connection);
            else FakeServer.echo(connection);
        } catch (SocketException e) {
            // the visitor has disconnected
        }
    }

    static void send(Socket to) throws IOException {
        OutputStream out = to.getOutputStream();
        byte[] bytes = new byte[256 * 1024];
        while (true) out.write(bytes);
    }

    static void count(Socket from, AtomicLong counter) throws IOException {
        byte[] buffer = new byte[256 * 1024];
        for (int n = 0; n >= 0; n = from.getInputStream().read(buffer)) counter.addAndGet(n);
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
