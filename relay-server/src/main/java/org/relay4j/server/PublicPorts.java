package org.relay4j.server;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.util.ArrayDeque;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.Listener;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.OrderedLock;

/** The ports that the server may give to clients. Safe for use by several threads. */
final class PublicPorts {
    private final @Nullable InetAddress address;
    private final int lowest; // 0: any free port
    private final int highest;
    private final ReentrantLock lock = OrderedLock.leaf("the public ports");
    private final ArrayDeque<Integer> unused = new ArrayDeque<>(); // the longest unused first; guarded by lock

    PublicPorts(RelayServerOptions options) {
        address = options.publicBindAddress();
        lowest = options.lowestPublicPort();
        highest = options.highestPublicPort();
        if (lowest == 0) return;
        for (int port = lowest; port <= highest; port++) unused.add(port);
    }

    /**
     * Finds out whether public ports can be bound at all: better now than when the first client comes.
     *
     * @throws BindException when the address is none of this machine
     */
    void checkAddress() throws IOException {
        if (address == null) return;
        try (ServerSocketChannel probe = ServerSocketChannel.open()) {
            probe.bind(new InetSocketAddress(address, 0));
        } catch (BindException e) {
            BindException failure =
                    new BindException("public bind address " + address.getHostAddress() + ": " + e.getMessage());
            failure.initCause(e);
            throw failure;
        }
    }

    /**
     * Binds a listener to the port of the range that has been unused for the longest time, so that a visitor of the client
     * before does not end up with a stranger. Its port is to be given back with {@link #release}.
     *
     * @throws BindException when none is free
     */
    Listener open(Loop loop, Listener.Owner owner) throws IOException {
        if (lowest == 0) return Listener.open(loop, new InetSocketAddress(address, 0), owner);
        String why = "";
        for (int n = unusedCount(); n > 0; n--) {
            Integer port = take();
            if (port == null) break;
            boolean bound = false;
            try {
                Listener listener = Listener.open(loop, new InetSocketAddress(address, port), owner);
                bound = true;
                return listener;
            } catch (BindException e) {
                why = ": " + e.getMessage(); // another program may have it; it is tried again after the others
            } finally {
                if (!bound) release(port);
            }
        }
        throw new BindException("no port of " + lowest + " to " + highest + " is free" + why);
    }

    /** Takes back the port of a listener that was closed. */
    void release(int port) {
        if (lowest == 0) return;
        lock.lock();
        try {
            unused.add(port);
        } finally {
            lock.unlock();
        }
    }

    private @Nullable Integer take() {
        lock.lock();
        try {
            return unused.poll();
        } finally {
            lock.unlock();
        }
    }

    private int unusedCount() {
        lock.lock();
        try {
            return unused.size();
        } finally {
            lock.unlock();
        }
    }
}
