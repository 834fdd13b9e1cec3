package org.relay4j.server;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.OrderedLock;

/** The TCP or UDP ports that the server may assign to clients. Safe for use by several threads. */
final class PublicPorts {
    /** Maximum number of ports tried for one client. */
    static final int MOST_BINDS = 64;

    /** Binds a socket to an address. */
    @FunctionalInterface
    interface Binder<T> {
        T bind(InetSocketAddress address) throws IOException;
    }

    private final @Nullable InetAddress address;
    private final int lowest; // 0: any free port
    private final int highest;
    private final ReentrantLock lock = OrderedLock.leaf("the public ports");
    /** The longest unused first. A node of a cluster takes ports out of its middle, as other nodes choose them. Guarded by lock. */
    private final LinkedHashSet<Integer> unused = new LinkedHashSet<>();

    PublicPorts(RelayServerOptions options) {
        address = options.publicBindAddress();
        lowest = options.lowestPublicPort();
        highest = options.highestPublicPort();
        if (lowest == 0) return;
        List<Integer> all = new ArrayList<>(highest - lowest + 1);
        for (int port = lowest; port <= highest; port++) all.add(port);
        // The nodes of a cluster have the same range: in the same order, they would always claim the same ports.
        if (options.cluster() != null) Collections.shuffle(all);
        unused.addAll(all);
    }

    /**
     * Checks that public ports can be bound, before the first client connects.
     *
     * @throws BindException if the address does not belong to this machine
     */
    void checkAddress() throws IOException {
        Binding.check("public address", address);
    }

    /**
     * Binds a socket to a port for a client. The caller must release it with {@link #release}.
     *
     * @param wanted the port that the client requests; 0 means any that it may have
     * @param own the ports of the client; empty if it gets any free one
     * @throws BindException if the port is in use, or none of the tried ports is free
     */
    <T> T open(int wanted, List<PortRange> own, Binder<T> binder) throws IOException {
        if (wanted > 0) return open(wanted, binder);
        return own.isEmpty() ? open(binder) : open(own, binder);
    }

    /**
     * Binds a socket to the port of the range that has been unused for the longest time, so that visitors of a previous client
     * are unlikely to reach another one. The caller must release the port with {@link #release}.
     *
     * <p>Each port in use by another program costs the loop a system call, so at most {@value #MOST_BINDS} are tried. They move
     * to the end of the queue, so the next client gets others.
     *
     * @throws BindException if none of the tried ports is free
     */
    <T> T open(Binder<T> binder) throws IOException {
        if (lowest == 0) return binder.bind(new InetSocketAddress(address, 0));
        int unused = unusedCount();
        String why = "";
        for (int n = Math.min(unused, MOST_BINDS); n > 0; n--) {
            Integer port = take();
            if (port == null) break;
            try {
                return bind(port, binder);
            } catch (BindException e) {
                why = ": " + e.getMessage(); // another program may use it; it is tried again after the others
            }
        }
        String range = lowest + " to " + highest;
        if (unused <= MOST_BINDS) throw new BindException("no port of " + range + " is free" + why);
        throw new BindException("the first " + MOST_BINDS + " unused ports of " + range + " could not be bound" + why
                + "; try again to use other ports");
    }

    /**
     * Binds a socket to a particular port, which may be outside the range. The caller must release it with {@link #release}.
     *
     * @throws BindException if it is in use
     */
    <T> T open(int port, Binder<T> binder) throws IOException {
        lock.lock();
        try {
            boolean ours = unused.remove(port);
            if (isInRange(port) && !ours) throw new BindException("another client has it");
        } finally {
            lock.unlock();
        }
        return bind(port, binder);
    }

    /** Binds a socket to a port that was taken, which is released if that fails. */
    private <T> T bind(int port, Binder<T> binder) throws IOException {
        boolean bound = false;
        try {
            T socket = binder.bind(new InetSocketAddress(address, port));
            bound = true;
            return socket;
        } finally {
            if (!bound) release(port);
        }
    }

    /**
     * Binds a socket to the first free port of a client's own ranges. At most {@value #MOST_BINDS} are tried.
     *
     * @throws BindException if none of the tried ports is free
     */
    <T> T open(List<PortRange> ranges, Binder<T> binder) throws IOException {
        int left = MOST_BINDS;
        String why = "";
        for (PortRange range : ranges) {
            for (int port = range.lowest(); port <= range.highest() && left > 0; port++, left--) {
                try {
                    return open(port, binder);
                } catch (BindException e) {
                    why = ": " + e.getMessage();
                }
            }
        }
        String all = ranges.stream().map(PortRange::toString).collect(Collectors.joining(", "));
        throw new BindException("no port of " + all + " is free" + why);
    }

    /** Returns whether a client that asks for no port may get this one. */
    boolean mayAssign(int port) {
        return lowest == 0 || isInRange(port);
    }

    private boolean isInRange(int port) {
        return lowest <= port && port <= highest;
    }

    /** Releases the port of a closed socket. */
    void release(int port) {
        if (lowest == 0 || !isInRange(port)) return;
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
            Iterator<Integer> first = unused.iterator();
            if (!first.hasNext()) return null;
            Integer port = first.next();
            first.remove();
            return port;
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
