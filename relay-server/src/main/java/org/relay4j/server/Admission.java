package org.relay4j.server;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.OrderedLock;

/** Counts clients and visitors, and decides who may still come in. Safe for use by several threads. */
final class Admission {
    /*
     * A client is pending until it has shown a sign of life. Pending clients are bounded, and a newcomer is never turned away
     * because of them: it takes the place of the oldest pending client of its own address when that address is at its limit,
     * else of the oldest one of the address that has the most. So whoever fills the places loses its own, and a few addresses
     * cannot lock out another. Each step takes O(log n) of n addresses.
     */

    private static final Comparator<Site> MOST_PENDING_FIRST = Comparator.comparingInt(
                    (Site site) -> -site.pending.size())
            .thenComparingLong(site -> site.oldest().number);

    private final RelayServerOptions options;
    private final ReentrantLock lock = OrderedLock.leaf("the admission");
    private final Map<InetAddress, Site> sites = new HashMap<>(); // those with tunnels; guarded by lock
    private final TreeSet<Site> waiting = new TreeSet<>(MOST_PENDING_FIRST); // those with pending ones; guarded by lock
    private final AtomicInteger visitors = new AtomicInteger();
    private final AtomicLong visitorsEver = new AtomicLong();
    private int tunnels; // guarded by lock
    private int pending; // guarded by lock
    private long tickets; // given so far; guarded by lock

    Admission(RelayServerOptions options) {
        this.options = options;
    }

    /**
     * The answer to a client that wants to come in.
     *
     * @param ticket its ticket, which is pending at first; null when it is refused
     * @param refusal why it is refused; null when it is not
     * @param evicted the client whose place it takes, which the caller {@linkplain Ticket#drop drops}; null when there is none
     */
    record Entry(
            @Nullable Ticket ticket,
            @Nullable Refusal refusal,
            @Nullable Ticket evicted) {}

    /** Counts one more client, unless a limit of tunnels is reached. */
    Entry enter(InetAddress address) {
        InetAddress key = site(address);
        lock.lock();
        try {
            Site site = sites.getOrDefault(key, new Site(key));
            if (tunnels >= options.maxTunnels()) return new Entry(null, Refusal.TUNNELS, null);
            if (site.tunnels >= options.maxTunnelsPerAddress())
                return new Entry(null, Refusal.TUNNELS_OF_ADDRESS, null);
            Ticket evicted = null;
            if (site.pending.size() >= options.maxPendingPerAddress()) evicted = site.oldest();
            else if (pending >= options.maxPending()) evicted = waiting.first().oldest();
            if (evicted != null) settle(evicted);
            Ticket ticket = new Ticket(site, ++tickets);
            sites.put(key, site);
            tunnels++;
            site.tunnels++;
            if (!site.pending.isEmpty()) waiting.remove(site);
            site.pending.add(ticket);
            waiting.add(site);
            pending++;
            return new Entry(ticket, null, evicted);
        } finally {
            lock.unlock();
        }
    }

    /** A ticket is not pending any more. With the lock held. */
    private void settle(Ticket ticket) {
        Site site = ticket.site;
        waiting.remove(site); // its place depends on what changes now
        site.pending.remove(ticket);
        if (!site.pending.isEmpty()) waiting.add(site);
        pending--;
        ticket.pending = false;
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

    /** Counts one more visitor; false when there are enough. */
    boolean enterVisitor() {
        if (visitors.incrementAndGet() > options.maxVisitors()) {
            visitors.decrementAndGet();
            return false;
        }
        visitorsEver.incrementAndGet();
        return true;
    }

    void leaveVisitor() {
        visitors.decrementAndGet();
    }

    int visitors() {
        return visitors.get();
    }

    /** Visitors since the start. */
    long visitorsEver() {
        return visitorsEver.get();
    }

    /** Clients that have not shown a sign of life yet. */
    int pending() {
        lock.lock();
        try {
            return pending;
        } finally {
            lock.unlock();
        }
    }

    /** One client, from its connection to its end. Safe for use by several threads. */
    final class Ticket {
        private final Site site;
        private final long number;
        private boolean pending = true; // guarded by lock
        private boolean dropped; // guarded by lock
        private boolean left; // guarded by lock
        private @Nullable Runnable onDrop; // guarded by lock

        private Ticket(Site site, long number) {
            this.site = site;
            this.number = number;
        }

        /** Counts from 1 in the order in which clients came in. */
        long number() {
            return number;
        }

        /** Has {@code action} run when the client is dropped; at once when it was dropped already. */
        void onDrop(Runnable action) {
            lock.lock();
            try {
                onDrop = action;
                if (!dropped) return;
            } finally {
                lock.unlock();
            }
            action.run();
        }

        /** The place of this client was given to another. */
        void drop() {
            Runnable action;
            lock.lock();
            try {
                dropped = true;
                action = onDrop;
            } finally {
                lock.unlock();
            }
            if (action != null) action.run();
        }

        /** The client has shown a sign of life. False when that comes too late, because it has lost its place. */
        boolean established() {
            lock.lock();
            try {
                if (!pending) return false;
                settle(this);
                return true;
            } finally {
                lock.unlock();
            }
        }

        /** The client has left. Has no effect the second time. */
        void leave() {
            lock.lock();
            try {
                if (left) return;
                left = true;
                if (pending) settle(this);
                tunnels--;
                if (--site.tunnels == 0) sites.remove(site.address);
            } finally {
                lock.unlock();
            }
        }
    }

    /** The clients of one address. Guarded by lock. */
    private static final class Site {
        final InetAddress address;
        final LinkedHashSet<Ticket> pending = new LinkedHashSet<>(); // the oldest first
        int tunnels;

        Site(InetAddress address) {
            this.address = address;
        }

        Ticket oldest() {
            return pending.iterator().next();
        }
    }
}
