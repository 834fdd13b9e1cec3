package org.relay4j.benchmarks.load;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/** The server at the far end of the path: one thread, one port for all modes, and the same one for UDP. */
final class Backend implements AutoCloseable {
    private static final int BACKLOG = 4096;

    private final Selector selector;
    private final ServerSocketChannel listener;
    private final ByteBuffer buffer; // the last input; shared, because connections are served one at a time
    private final Pattern pattern;
    private final UdpBackend datagrams;
    private volatile boolean closed;

    Backend(Arguments arguments) throws IOException {
        String host = arguments.text("host", "127.0.0.1");
        int port = arguments.integer("port", 9000);
        int size = arguments.integer("buf", Load.BUFFER);
        arguments.rejectUnused();
        buffer = ByteBuffer.allocateDirect(size);
        pattern = new Pattern(size);
        selector = Selector.open();
        listener = ServerSocketChannel.open();
        listener.setOption(StandardSocketOptions.SO_REUSEADDR, true);
        listener.bind(new InetSocketAddress(host, port), BACKLOG);
        listener.configureBlocking(false);
        listener.register(selector, SelectionKey.OP_ACCEPT);
        datagrams = new UdpBackend(new InetSocketAddress(host, port()), selector);
    }

    int port() {
        return listener.socket().getLocalPort();
    }

    /** Serves until the backend is closed, and then closes every connection. */
    void run() throws IOException {
        System.out.println("backend " + listener.getLocalAddress());
        while (!closed) {
            selector.select(this::handle);
        }
        for (SelectionKey key : selector.keys()) {
            key.channel().close();
        }
        selector.close();
    }

    /** Ends {@link #run}. Safe from any thread. */
    @Override
    public void close() {
        closed = true;
        selector.wakeup();
    }

    private void handle(SelectionKey key) {
        if (key.isAcceptable()) {
            accept();
            return;
        }
        if (key.attachment() == datagrams) {
            receive();
            return;
        }
        BackendConnection connection = (BackendConnection) key.attachment();
        try {
            connection.ready(key, buffer);
        } catch (IOException broken) {
            connection.close();
        }
    }

    private void receive() {
        try {
            datagrams.ready();
        } catch (IOException e) {
            System.err.println("UDP: " + e);
        }
    }

    private void accept() {
        try {
            for (SocketChannel next = listener.accept(); next != null; next = listener.accept()) {
                next.configureBlocking(false);
                next.setOption(StandardSocketOptions.TCP_NODELAY, true);
                next.register(selector, SelectionKey.OP_READ, new BackendConnection(next, pattern));
            }
        } catch (IOException full) {
            System.err.println("accept: " + full);
        }
    }
}
