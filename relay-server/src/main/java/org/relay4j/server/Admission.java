package org.relay4j.server;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.OrderedLock;

/** Counts who is there, and says who may still come in. Safe for use by several threads. */
final class Admission {
    private final RelayServerOptions options;
    private final ReentrantLock lock = OrderedLock.leaf("the admission");
    private final Map<InetAddress, Count> addresses = new HashMap<>(); // guarded by lock
    private final AtomicInteger visitors = new AtomicInteger();
    private int tunnels; // guarded by lock
    private int pending; // tunnels whose client has not shown a sign of life yet; guarded by lock

    Admission(RelayServerOptions options) {
        this.options = options;
    }

    /** Counts one more tunnel, which is pending at first; returns why it may not be, or null. */
    @Nullable
    String enter(InetAddress address) {
        lock.lock();
        try {
            Count count = addresses.computeIfAbsent(site(address), key -> new Count());
            String refusal = refusal(count);
            if (refusal == null) {
                tunnels++;
                pending++;
                count.tunnels++;
                count.pending++;
            } else if (count.tunnels == 0) addresses.remove(site(address));
            return refusal;
        } finally {
            lock.unlock();
        }
    }

    /** Whom an address belongs to: a customer with IPv6 usually has 2^64 of them, all that have the first half in common. */
    private static InetAddress site(InetAddress address) {
        if (!(address instanceof Inet6Address)) return address;
        byte[] bytes = address.getAddress();
        Arrays.fill(bytes, bytes.length / 2, bytes.length, (byte) 0);
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e); // sixteen bytes are an address
        }
    }

    private @Nullable String refusal(Count count) {
        if (tunnels >= options.maxTunnels()) return "the server has its " + options.maxTunnels() + " tunnels";
        if (count.tunnels >= options.maxTunnelsPerAddress()) {
            return "your address has its " + options.maxTunnelsPerAddress() + " tunnels";
        }
        if (pending >= options.maxPending() || count.pending >= options.maxPendingPerAddress()) {
            return "too many clients have connected and not said anything, try again in a moment";
        }
        return null;
    }

    /** The client has shown a sign of life. */
    void established(InetAddress address) {
        lock.lock();
        try {
            pending--;
            Count count = addresses.get(site(address));
            if (count != null) count.pending--;
        } finally {
            lock.unlock();
        }
    }

    /** The tunnel has ended. */
    void leave(InetAddress address, boolean wasEstablished) {
        if (!wasEstablished) established(address);
        lock.lock();
        try {
            tunnels--;
            Count count = addresses.get(site(address));
            if (count != null && --count.tunnels == 0) addresses.remove(site(address));
        } finally {
            lock.unlock();
        }
    }

    /** Counts one more visitor; false when there are enough. */
    boolean enterVisitor() {
        if (visitors.incrementAndGet() <= options.maxVisitors()) return true;
        visitors.decrementAndGet();
        return false;
    }

    void leaveVisitor() {
        visitors.decrementAndGet();
    }

    int visitors() {
        return visitors.get();
    }

    private static final class Count {
        int tunnels;
        int pending;
    }
}
