package org.relay4j.testing;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A service on a Unix-domain socket that sends back what it receives. */
public final class UnixEcho implements AutoCloseable {
    private static final int BACKLOG = 1_000; // connections

    private final Path path;
    private final ServerSocketChannel listener;
    private final Call<Void> accepting;
    private final List<SocketChannel> connections = new CopyOnWriteArrayList<>();

    private UnixEcho(Path path, ServerSocketChannel listener) {
        this.path = path;
        this.listener = listener;
        accepting = Call.run(() -> {
            while (true) {
                SocketChannel connection = listener.accept();
                connections.add(connection);
                Call.run(() -> echo(connection));
            }
        });
    }

    /** Listens on a socket, which must not exist. */
    public static UnixEcho start(Path path) throws IOException {
        ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        return new UnixEcho(path, listener.bind(UnixDomainSocketAddress.of(path), BACKLOG));
    }

    private static void echo(SocketChannel connection) throws IOException {
        try (connection) {
            ByteBuffer buffer = ByteBuffer.allocate(64 * 1024);
            while (connection.read(buffer) >= 0) {
                buffer.flip();
                while (buffer.hasRemaining()) connection.write(buffer);
                buffer.clear();
            }
        }
    }

    /** Returns the address. */
    public UnixDomainSocketAddress address() {
        return UnixDomainSocketAddress.of(path);
    }

    /** Returns the number of connections so far. */
    public int connected() {
        return connections.size();
    }

    /** Closes the socket and its connections, and removes the file. */
    @Override
    public void close() throws IOException {
        listener.close();
        Await.until("nobody accepts any more", accepting::isDone);
        for (SocketChannel connection : connections) connection.close();
        Files.deleteIfExists(path);
    }
}
