package org.relay4j.server;

import java.net.InetAddress;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.OrderedLock;
import org.relay4j.yamux.io.Pending;
import org.relay4j.yamux.io.Sockets;

/** Counts clients and visitors and enforces their limits. Safe for use by several threads. */
final class Admission {
    /*
     * A client is pending until it sends its first byte; see Pending for the limits, and Decisions for the time in which it waits for
     * this server.
     *
     * Longer than 300 lines because a place that is given up in one of these ways changes the counts of the others.
     */

    private volatile RelayServerOptions options;
    private final ReentrantLock lock = OrderedLock.leaf("the admission");
    private final Pending<Ticket> pending = new Pending<>(); // guarded by lock
    private final Decisions decisions = new Decisions(); // guarded by lock
    private final AtomicInteger visitors = new AtomicInteger();
    private final AtomicLong visitorsEver = new AtomicLong();
    private final Places places; // guarded by lock
    private long tickets; // given so far; guarded by lock

    Admission(RelayServerOptions options) {
        this.options = options;
        places = new Places(options);
    }

    /** Uses other limits from now on. Tunnels and visitors beyond lower ones stay. */
    void update(RelayServerOptions newOptions) {
        lock.lock();
        try {
            options = newOptions;
            places.update(newOptions);
        } finally {
            lock.unlock();
        }
    }

    /**
     * The decision about a new client.
     *
     * @param ticket its ticket, which is pending at first; null if it is refused
     * @param refusal why it is refused; null if it is admitted
     * @param evicted the client that it displaces, which the caller must {@linkplain Ticket#drop drop}; null if there is none
     * @param crowded whether that is because the address has reached its limit of pending clients
     */
    record Entry(
            @Nullable Ticket ticket,
            @Nullable Refusal refusal,
            @Nullable Ticket evicted,
            boolean crowded) {}

    /** Counts one more client and its tunnel, unless a limit of tunnels is reached. */
    Entry enter(InetAddress address) {
        InetAddress key = Sockets.site(address);
        Places.Answer answer;
        Entry entry;
        lock.lock();
        try {
            answer = places.take(key, null, 0);
            entry = answer.place() == null
                    ? new Entry(null, answer.refusal(), null, false)
                    : admit(key, answer.place());
        } finally {
            lock.unlock();
        }
        yielded(answer.yielded());
        return entry;
    }

    /** Counts one more client that has not requested a tunnel yet, see {@link Ticket#place}. */
    Entry enterUnclaimed(InetAddress address) {
        lock.lock();
        try {
            return admit(Sockets.site(address), null);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Counts a tunnel of a client that has yet to connect. Its place is null if a limit is reached.
     *
     * @param mostOfName maximum number of tunnels with this name; 0 means no limit
     */
    Places.Answer reserve(InetAddress address, @Nullable String name, int mostOfName) {
        Places.Answer answer;
        lock.lock();
        try {
            answer = places.take(Sockets.site(address), name, mostOfName);
        } finally {
            lock.unlock();
        }
        yielded(answer.yielded());
        return answer;
    }

    /** Returns a number for a tunnel whose client has no ticket. */
    long nextNumber() {
        lock.lock();
        try {
            return ++tickets;
        } finally {
            lock.unlock();
        }
    }

    private Entry admit(InetAddress key, Places.@Nullable Place place) {
        int mostOfAddress = options.maxPendingPerAddress();
        boolean crowded = pending.isFull(key, mostOfAddress);
        Ticket ticket = new Ticket(key, ++tickets, place);
        Ticket evicted = pending.add(key, ticket, mostOfAddress, options.maxPending());
        if (evicted != null) evicted.pending = false;
        return new Entry(ticket, null, evicted, crowded);
    }

    /** Ends the displaced tunnels. Without the lock. */
    private static void yielded(List<Places.Place> displaced) {
        for (Places.Place place : displaced) {
            Runnable action = place.onYield();
            if (action != null) action.run();
        }
    }

    /** Called when the tunnel of a place is held. If another displaces it, {@code onYield} is called once, on any thread. */
    void hold(Places.Place place, Runnable onYield) {
        lock.lock();
        try {
            places.hold(place, onYield);
        } finally {
            lock.unlock();
        }
    }

    /** Called when the tunnel of a place is served again. Returns false if it was displaced. */
    boolean serve(Places.Place place) {
        lock.lock();
        try {
            return places.serve(place);
        } finally {
            lock.unlock();
        }
    }

    /**
     * Called when the tunnel of a place has given its port back and lets its last visitors finish. Another tunnel may have its
     * place. If it is displaced by newer finishing tunnels, {@code onYield} is called once, on any thread.
     */
    void finish(Places.Place place, Runnable onYield) {
        List<Places.Place> displaced;
        lock.lock();
        try {
            displaced = places.finish(place, onYield);
        } finally {
            lock.unlock();
        }
        yielded(displaced);
    }

    /** Called when the tunnel of a place has ended. Later calls have no effect. */
    void leave(Places.Place place) {
        lock.lock();
        try {
            places.leave(place);
        } finally {
            lock.unlock();
        }
    }

    /** Called when a ticket is no longer pending. With the lock held. */
    private void settle(Ticket ticket) {
        pending.remove(ticket.site, ticket);
        ticket.pending = false;
    }

    /** Counts one more visitor; false if the limit is reached. */
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

    /** Returns the number of visitors since the start. */
    long visitorsEver() {
        return visitorsEver.get();
    }

    /** Returns the number of pending clients, including those that wait for a decision. */
    int pending() {
        lock.lock();
        try {
            return pending.size() + decisions.size();
        } finally {
            lock.unlock();
        }
    }

    /** One client, from its connection to its end. Safe for use by several threads. */
    final class Ticket {
        private final InetAddress site;
        private final long number;
        private Places.@Nullable Place place; // until a tunnel has it; guarded by lock
        private boolean pending = true; // guarded by lock
        private boolean undecided; // guarded by lock
        private boolean dropped; // guarded by lock
        private boolean left; // guarded by lock
        private @Nullable Runnable onDrop; // guarded by lock

        private Ticket(InetAddress site, long number, Places.@Nullable Place place) {
            this.site = site;
            this.number = number;
            this.place = place;
        }

        /**
         * Returns a place for a tunnel, which must be released with {@link Admission#leave}: the one that the client got when it
         * entered, else a new one. The refusal is null if there is a place.
         *
         * @param mostOfName maximum number of tunnels with this name; 0 means no limit
         */
        Places.Answer place(@Nullable String name, int mostOfName) {
            Places.Answer answer;
            lock.lock();
            try {
                Places.Place own = place;
                place = null;
                answer = own == null ? places.take(site, name, mostOfName) : new Places.Answer(own, null, List.of());
            } finally {
                lock.unlock();
            }
            yielded(answer.yielded());
            return answer;
        }

        /** Returns the number of this client, from 1 in the order of admission. */
        long number() {
            return number;
        }

        /** Runs {@code action} when the client is dropped; at once if it was dropped already. */
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

        /** Drops this client, which was displaced by another. */
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

        /**
         * From now on, the client waits for a decision of this server, and is not dropped. Returns false if too many do, in which case
         * it is to be refused.
         */
        boolean decide() {
            lock.lock();
            try {
                if (!pending) return true; // it was dropped, and is about to end
                undecided = decisions.add(site, options.maxPendingPerAddress(), options.maxPending());
                if (undecided) settle(this);
                return undecided;
            } finally {
                lock.unlock();
            }
        }

        /** The decision has been made, and it is the client's turn. It may be dropped again. */
        void decided() {
            Ticket evicted;
            lock.lock();
            try {
                if (!undecided) return;
                undecided = false;
                decisions.remove(site);
                evicted = Admission.this.pending.add(site, this, options.maxPendingPerAddress(), options.maxPending());
                if (evicted != null) evicted.pending = false;
                pending = true;
            } finally {
                lock.unlock();
            }
            if (evicted != null) evicted.drop();
        }

        /** Marks the client as established. Returns false if it was dropped before. */
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

        /** Releases the ticket. Later calls have no effect. */
        void leave() {
            lock.lock();
            try {
                if (left) return;
                left = true;
                if (pending) settle(this);
                if (undecided) decisions.remove(site);
                undecided = false;
                if (place != null) places.leave(place);
            } finally {
                lock.unlock();
            }
        }
    }
}
