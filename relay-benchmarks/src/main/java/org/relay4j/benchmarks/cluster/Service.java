package org.relay4j.benchmarks.cluster;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/**
 * The local service of all tunnels. It sends each visitor the address at which the visitor was forwarded to it, and closes: every
 * tunnel forwards to a loopback address of its own, so a visitor sees whose tunnel it has come through.
 */
final class Service implements AutoCloseable {
    private static final int BACKLOG = 4_096;
    private static final int FIRST = 127 << 24 | 16 << 16; // 127.16.0.0, of the tunnel 0

    private final ServerSocketChannel listener = ServerSocketChannel.open();

    Service() throws IOException {
        listener.bind(null, BACKLOG); // all loopback addresses, which only a wildcard has
        Thread thread = new Thread(this::serve, "service");
        thread.setDaemon(true);
        thread.start();
    }

    /** Returns the address that a tunnel forwards to. */
    InetSocketAddress address(int tunnel) throws IOException {
        int port = listener.socket().getLocalPort();
        return new InetSocketAddress(Loopback.address(FIRST + tunnel), port);
    }

    /** Returns the tunnel whose answer this is. */
    static int tunnel(int answer) {
        return answer - FIRST;
    }

    private void serve() {
        while (listener.isOpen()) {
            try (SocketChannel visitor = listener.accept()) {
                if (visitor.socket().getInetAddress().isLoopbackAddress()) answer(visitor);
            } catch (IOException e) {
                if (listener.isOpen()) System.err.println("service: " + e);
            }
        }
    }

    private static void answer(SocketChannel visitor) throws IOException {
        visitor.write(ByteBuffer.wrap(visitor.socket().getLocalAddress().getAddress())); // 4 bytes always fit
    }

    @Override
    public void close() throws IOException {
        listener.close();
    }
}
