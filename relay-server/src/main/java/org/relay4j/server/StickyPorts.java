package org.relay4j.server;

import java.net.InetAddress;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.relay4j.yamux.io.OrderedLock;
import org.relay4j.yamux.io.Sockets;

/**
 * The public ports that clients of the base protocol had last, by address: a client that reconnects gets its port again. The time
 * is passed in. Unit: nanoseconds. Safe for use by several threads.
 */
final class StickyPorts {
    /*
     * A base client proves nothing, so its address is all that identifies it. That is ambiguous as soon as two tunnels of an
     * address had different ports within the window: then none gets its old port again, until only one is left in the window. An
     * address is a customer, as for the limits: all of an IPv6 /64 network. Loopback addresses and those of trusted proxies never
     * count, because several clients share them.
     *
     * The table of addresses without a tunnel is bounded, and the address that was left for the longest time is dropped. The
     * number of the others is bounded by the number of tunnels.
     */

    /** The time for which a port is remembered after its tunnel has ended. */
    static final long WINDOW = TimeUnit.MINUTES.toNanos(10);

    /** Maximum number of addresses without a tunnel. */
    static final int MOST_ADDRESSES = 4_096;

    private final Predicate<InetAddress> shared; // addresses of several clients, besides loopback
    private final ReentrantLock lock = OrderedLock.leaf("the sticky ports");
    private final Map<InetAddress, Integer> open = new HashMap<>(); // number of tunnels; guarded by lock
    private final LinkedHashMap<InetAddress, Past> past = new LinkedHashMap<>(); // the oldest first; guarded by lock

    /**
     * The tunnels of an address that have ended.
     *
     * @param port the last port
     * @param until when the last tunnel with it has ended
     * @param hasOther whether another port was used, too
     * @param other when the last tunnel with another port has ended
     */
    private record Past(int port, long until, boolean hasOther, long other) {
        Past then(int nextPort, long now) {
            if (nextPort == port) return new Past(port, now, hasOther, other);
            return new Past(nextPort, now, true, until);
        }

        boolean isCertain(long now) {
            return now - until <= WINDOW && !(hasOther && now - other <= WINDOW);
        }
    }

    /** @param shared whether an address is that of a proxy, and says nothing about the client */
    StickyPorts(Predicate<InetAddress> shared) {
        this.shared = shared;
    }

    private boolean isShared(InetAddress client) {
        return client.isLoopbackAddress() || shared.test(client);
    }

    /** Returns the port for a client; 0 means any. */
    int wanted(InetAddress client, long now) {
        InetAddress address = Sockets.site(client);
        lock.lock();
        try {
            Past last = past.get(address);
            return last != null && !open.containsKey(address) && last.isCertain(now) ? last.port() : 0;
        } finally {
            lock.unlock();
        }
    }

    /** Called when the tunnel of a client is established. */
    void opened(InetAddress client) {
        if (isShared(client)) return;
        lock.lock();
        try {
            open.merge(Sockets.site(client), 1, Integer::sum);
        } finally {
            lock.unlock();
        }
    }

    /** Called when an established tunnel has ended. */
    void closed(InetAddress client, int port, long now) {
        if (isShared(client)) return;
        InetAddress address = Sockets.site(client);
        lock.lock();
        try {
            open.computeIfPresent(address, (key, count) -> count == 1 ? null : count - 1);
            Past before = past.remove(address);
            past.put(address, before == null ? new Past(port, now, false, 0) : before.then(port, now));
            if (past.size() > MOST_ADDRESSES)
                past.remove(past.keySet().iterator().next());
        } finally {
            lock.unlock();
        }
    }

    /** Returns the number of addresses, for tests. */
    int size() {
        lock.lock();
        try {
            return past.size() + open.size();
        } finally {
            lock.unlock();
        }
    }
}
