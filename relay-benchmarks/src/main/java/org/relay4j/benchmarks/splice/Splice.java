package org.relay4j.benchmarks.splice;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/**
 * A plain TCP splice: it joins each connection to its port with a new connection to one target. Two splices in a row
 * need as many processes and copies as a relay, without its tunnel. Their throughput is the limit of any relay of two
 * processes that copies through user space.
 */
public final class Splice implements AutoCloseable {
    private static final int BACKLOG = 4096;
    private static final int USAGE_STATUS = 2;

    private final Selector selector;
    private final ServerSocketChannel listener;
    private final InetSocketAddress target;
    private final Buffers buffers = new Buffers();
    private volatile boolean closed;

    Splice(int port, InetSocketAddress target) throws IOException {
        this.target = target;
        selector = Selector.open();
        listener = ServerSocketChannel.open();
        listener.setOption(StandardSocketOptions.SO_REUSEADDR, true);
        listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), BACKLOG);
        listener.configureBlocking(false);
        listener.register(selector, SelectionKey.OP_ACCEPT);
    }

    public static void main(String[] words) throws IOException {
        if (words.length != 3) {
            System.err.println("usage: Splice <port> <target-host> <target-port>");
            System.exit(USAGE_STATUS);
        }
        InetSocketAddress target = new InetSocketAddress(words[1], Integer.parseInt(words[2]));
        try (Splice splice = new Splice(Integer.parseInt(words[0]), target)) {
            System.out.println("listening on 127.0.0.1:" + splice.port());
            splice.run();
        }
    }

    int port() {
        return listener.socket().getLocalPort();
    }

    /** Serves until the splice is closed, and then closes every connection. */
    void run() throws IOException {
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
        if (!key.isValid()) {
            return; // closed by the other end in the same pass
        }
        if (key.isAcceptable()) {
            accept();
            return;
        }
        End end = (End) key.attachment();
        try {
            end.ready();
        } catch (IOException broken) {
            end.abortBoth();
        }
    }

    private void accept() {
        try {
            for (SocketChannel next = listener.accept(); next != null; next = listener.accept()) {
                join(next);
            }
        } catch (IOException e) {
            System.err.println("accept: " + e);
        }
    }

    private void join(SocketChannel visitor) throws IOException {
        SocketChannel onward;
        try {
            onward = SocketChannel.open();
        } catch (IOException noFileLeft) {
            visitor.close();
            throw noFileLeft;
        }
        End near = new End(prepared(visitor), selector, buffers);
        End far = new End(prepared(onward), selector, buffers);
        near.join(far);
        try {
            onward.connect(target);
            // On loopback this usually succeeds immediately and saves a pass of the selector.
            if (onward.finishConnect()) {
                far.connected();
            } else {
                far.connecting();
            }
        } catch (IOException refused) {
            near.abortBoth();
        }
    }

    private static SocketChannel prepared(SocketChannel channel) throws IOException {
        channel.configureBlocking(false);
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        return channel;
    }
}
