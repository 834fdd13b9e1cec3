package org.relay4j.client;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import org.relay4j.testing.Await;

/** A listener whose kernel takes no more connections: it does not answer to them at all. */
final class FullBacklog implements AutoCloseable {
    private final ServerSocket listener;
    private final List<SocketChannel> waiting = new ArrayList<>();

    FullBacklog() throws IOException {
        listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        boolean taken = true;
        while (taken) taken = connectOne();
    }

    /** False when the connection is not answered. */
    private boolean connectOne() throws IOException {
        SocketChannel channel = SocketChannel.open();
        waiting.add(channel);
        channel.configureBlocking(false);
        if (channel.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port()))) return true;
        // On loopback the answer has come by now, if there is one; more than enough is no harm.
        return channel.finishConnect() || waiting.size() < 20;
    }

    int port() {
        return listener.getLocalPort();
    }

    /** A pending connect of another thread cannot be observed, only that the thread had time for it. */
    void awaitOneMore() {
        long until = System.nanoTime() + 50_000_000;
        Await.until("some time has passed", () -> System.nanoTime() - until > 0);
    }

    @Override
    public void close() throws IOException {
        for (SocketChannel channel : waiting) channel.close();
        listener.close();
    }
}
