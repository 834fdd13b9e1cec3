package org.relay4j.cli.admin;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.relay4j.yamux.io.Listener;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.Sockets;
import org.relay4j.yamux.io.Threads;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The socket of an admin address and its connections, on a loop of its own. */
final class AdminPort implements Listener.Owner, AutoCloseable {
    static final int MOST_CONNECTIONS = 64;

    private static final Logger log = LoggerFactory.getLogger(AdminPort.class);
    static final int THREADS = 16;
    private static final long IDLE_SECONDS = 10;
    private static final long CLOSE_MILLIS = 1_000;

    private final AdminHandler handler;
    private final Loop loop;
    private final Listener listener;
    private final ThreadPoolExecutor threads = new ThreadPoolExecutor(
            0, THREADS, IDLE_SECONDS, TimeUnit.SECONDS, new SynchronousQueue<>(), Threads.factory("relay-admin"));
    private final Set<AdminConnection> open = new HashSet<>(); // loop only
    private final CountDownLatch ended = new CountDownLatch(1); // the last connection is closed
    private boolean closing; // loop only

    /** Listens on a TCP port or a Unix-domain socket. */
    interface Opening {
        Listener open(Loop loop, Listener.Owner owner) throws IOException;
    }

    private AdminPort(AdminHandler handler, Loop loop, Opening opening) throws IOException {
        this.handler = handler;
        this.loop = loop;
        listener = opening.open(loop, this);
    }

    static AdminPort open(AdminHandler handler, Opening opening) throws IOException {
        Loop loop = new Loop("relay-admin-loop", true);
        boolean opened = false;
        try {
            AdminPort port = new AdminPort(handler, loop, opening);
            loop.execute(port::start);
            opened = true;
            return port;
        } finally {
            if (!opened) loop.stop();
        }
    }

    private void start() {
        try {
            listener.start();
        } catch (IOException e) {
            log.debug("the admin address is closed already", e);
        }
    }

    AdminHandler handler() {
        return handler;
    }

    Loop loop() {
        return loop;
    }

    /** Returns the threads that make answers. They refuse more work than they can begin at once. */
    ExecutorService threads() {
        return threads;
    }

    /** For a Unix-domain socket, it is a loopback address with port 0. */
    InetSocketAddress address() {
        return listener.address();
    }

    /** Returns the address for logs and messages. */
    String text() {
        return listener.text();
    }

    @Override
    public boolean canAccept() {
        return true;
    }

    @Override
    public void accepted(SocketChannel channel) {
        if (closing || open.size() >= MOST_CONNECTIONS) {
            Sockets.close(channel);
            return;
        }
        try {
            Sockets.configure(channel);
            InetAddress from = channel.getRemoteAddress() instanceof InetSocketAddress tcp ? tcp.getAddress() : null;
            open.add(new AdminConnection(this, channel, from));
        } catch (IOException e) {
            log.debug("admin address: the client has disconnected: {}", e.toString());
            Sockets.close(channel);
        }
    }

    /** A connection is closed. */
    void closed(AdminConnection connection) {
        open.remove(connection);
        if (closing && open.isEmpty()) ended.countDown();
    }

    private void end() {
        closing = true;
        List.copyOf(open).forEach(AdminConnection::closeWithoutRequest);
        if (open.isEmpty()) ended.countDown();
    }

    /** Closes the socket and its connections. Answers that are being made or sent have a second. */
    @Override
    public void close() {
        listener.close();
        threads.shutdown();
        loop.execute(this::end);
        try {
            if (!ended.await(CLOSE_MILLIS, TimeUnit.MILLISECONDS)) log.debug("an answer takes long");
            loop.stop();
            if (!loop.join(CLOSE_MILLIS)) log.debug("the loop takes long to end");
        } catch (InterruptedException e) {
            loop.stop();
            Thread.currentThread().interrupt();
        }
    }
}
