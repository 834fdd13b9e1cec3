package org.relay4j.server;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
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
    private final Map<InetAddress, Site> sites = new HashMap<>(); // those with pending clients; guarded by lock
    private final TreeSet<Site> waiting = new TreeSet<>(MOST_PENDING_FIRST); // those with pending ones; guarded by lock
    private final AtomicInteger visitors = new AtomicInteger();
    private final AtomicLong visitorsEver = new AtomicLong();
    private final Places places; // guarded by lock
    private int pending; // guarded by lock
    private long tickets; // given so far; guarded by lock

    Admission(RelayServerOptions options) {
        this.options = options;
        places = new Places(options);
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

    /** Counts one more client and its tunnel, unless a limit of tunnels is reached. */
    Entry enter(InetAddress address) {
        InetAddress key = site(address);
        Places.Answer answer;
        Entry entry;
        lock.lock();
        try {
            answer = places.take(key, null, 0);
            entry = answer.place() == null ? new Entry(null, answer.refusal(), null) : admit(key, answer.place());
        } finally {
            lock.unlock();
        }
        yielded(answer);
        return entry;
    }

    /** Counts one more client that has yet to say whether it wants a tunnel of its own, see {@link Ticket#place}. */
    Entry enterUnclaimed(InetAddress address) {
        lock.lock();
        try {
            return admit(site(address), null);
        } finally {
            lock.unlock();
        }
    }

    private Entry admit(InetAddress key, Places.@Nullable Place place) {
        Site site = sites.computeIfAbsent(key, Site::new);
        Ticket evicted = null;
        if (site.pending.size() >= options.maxPendingPerAddress()) evicted = site.oldest();
        else if (pending >= options.maxPending()) evicted = waiting.first().oldest();
        if (evicted != null) settle(evicted);
        Ticket ticket = new Ticket(site, ++tickets, place);
        sites.put(key, site); // the evicted client may have been its last
        if (!site.pending.isEmpty()) waiting.remove(site);
        site.pending.add(ticket);
        waiting.add(site);
        pending++;
        return new Entry(ticket, null, evicted);
    }

    /** Ends the tunnels that have given way. Without the lock. */
    private static void yielded(Places.Answer answer) {
        for (Places.Place place : answer.yielded()) {
            Runnable action = place.onYield();
            if (action != null) action.run();
        }
    }

    /** The tunnel of a place is held. If it has to give way to another, {@code onYield} is called once, on any thread. */
    void hold(Places.Place place, Runnable onYield) {
        lock.lock();
        try {
            places.hold(place, onYield);
        } finally {
            lock.unlock();
        }
    }

    /** The tunnel of a place is served again. False if it has given way. */
    boolean serve(Places.Place place) {
        lock.lock();
        try {
            return places.serve(place);
        } finally {
            lock.unlock();
        }
    }

    /** The tunnel of a place has ended. Has no effect the second time. */
    void leave(Places.Place place) {
        lock.lock();
        try {
            places.leave(place);
        } finally {
            lock.unlock();
        }
    }

    /** A ticket is not pending any more. With the lock held. */
    private void settle(Ticket ticket) {
        Site site = ticket.site;
        waiting.remove(site); // its place depends on what changes now
        site.pending.remove(ticket);
        if (site.pending.isEmpty()) sites.remove(site.address);
        else waiting.add(site);
        pending--;
        ticket.pending = false;
    }

    /** Whom an address belongs to: a customer with IPv6 usually has 2^64 of them, all that have the first half in common. */
    static InetAddress site(InetAddress address) {
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
        private Places.@Nullable Place place; // until a tunnel has it; guarded by lock
        private boolean pending = true; // guarded by lock
        private boolean dropped; // guarded by lock
        private boolean left; // guarded by lock
        private @Nullable Runnable onDrop; // guarded by lock

        private Ticket(Site site, long number, Places.@Nullable Place place) {
            this.site = site;
            this.number = number;
            this.place = place;
        }

        /**
         * Takes a place for a tunnel, which must give it back with {@link Admission#leave}: the one that the client got when it
         * entered, else a new one. The refusal is null if there is one.
         *
         * @param mostOfName tunnels at once of this name; 0 for no limit
         */
        Places.Answer place(@Nullable String name, int mostOfName) {
            Places.Answer answer;
            lock.lock();
            try {
                Places.Place own = place;
                place = null;
                answer = own == null
                        ? places.take(site.address, name, mostOfName)
                        : new Places.Answer(own, null, List.of());
            } finally {
                lock.unlock();
            }
            yielded(answer);
            return answer;
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
                if (place != null) places.leave(place);
            } finally {
                lock.unlock();
            }
        }
    }

    /** The pending clients of one address. Guarded by lock. */
    private static final class Site {
        final InetAddress address;
        final LinkedHashSet<Ticket> pending = new LinkedHashSet<>(); // the oldest first

        Site(InetAddress address) {
            this.address = address;
        }

        Ticket oldest() {
            return pending.iterator().next();
        }
    }
}
