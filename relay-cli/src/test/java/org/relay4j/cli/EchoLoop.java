package org.relay4j.cli;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/** A local service like {@link EchoService}, for thousands of visitors: all on one thread. */
final class EchoLoop implements Closeable {
    private static final int BACKLOG = 4_096;

    private final Selector selector = Selector.open();
    private final ServerSocketChannel listener = ServerSocketChannel.open();
    private final ByteBuffer shared = ByteBuffer.allocateDirect(256 * 1024);
    private volatile boolean closed;

    EchoLoop() throws IOException {
        listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), BACKLOG);
        listener.configureBlocking(false);
        listener.register(selector, SelectionKey.OP_ACCEPT);
        Thread thread = new Thread(this::run, "echo-loop");
        thread.setDaemon(true);
        thread.start();
    }

    int port() {
        return listener.socket().getLocalPort();
    }

    private void run() {
        try (selector;
                listener) {
            while (!closed) selector.select(this::ready);
            for (SelectionKey key : selector.keys()) key.channel().close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void ready(SelectionKey key) {
        try {
            if (key.isAcceptable()) accept();
            else echo(key);
        } catch (IOException e) {
            end(key); // the visitor sees it too
        }
    }

    private void accept() throws IOException {
        for (SocketChannel visitor; (visitor = listener.accept()) != null; ) {
            visitor.configureBlocking(false);
            visitor.register(selector, SelectionKey.OP_READ);
        }
    }

    /** Reads only after everything is written. */
    private void echo(SelectionKey key) throws IOException {
        SocketChannel visitor = (SocketChannel) key.channel();
        ByteBuffer left = (ByteBuffer) key.attachment();
        if (left != null) {
            visitor.write(left);
            if (left.hasRemaining()) return;
            key.attach(null);
            key.interestOps(SelectionKey.OP_READ);
            return;
        }
        shared.clear();
        if (visitor.read(shared) < 0) {
            end(key);
            return;
        }
        visitor.write(shared.flip());
        if (!shared.hasRemaining()) return;
        key.attach(ByteBuffer.allocate(shared.remaining()).put(shared).flip());
        key.interestOps(SelectionKey.OP_WRITE);
    }

    private static void end(SelectionKey key) {
        try {
            key.channel().close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        closed = true;
        selector.wakeup();
    }
}
