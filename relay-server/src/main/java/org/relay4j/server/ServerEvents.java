package org.relay4j.server;

import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.LimitedLog;
import org.relay4j.yamux.io.OrderedLock;
import org.relay4j.yamux.io.Threads;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** The queue of events for the listener of a server. Safe for use by several threads. */
@SuppressWarnings("EnumOrdinal") // refusals are counted by reason in an array of atomic numbers
final class ServerEvents {
    /*
     * Loops add events to a bounded queue, and a separate thread empties it, so that no loop waits for a slow listener.
     */
    static final int MOST_WAITING = 1_024;

    private static final Logger log = LoggerFactory.getLogger(ServerEvents.class);

    private final RelayServer server;
    private final @Nullable RelayServerListener listener;
    private final Executor threads;
    private final AtomicLongArray refusals = new AtomicLongArray(Refusal.values().length);
    private final ReentrantLock lock = OrderedLock.leaf("a server's events");
    private final ArrayDeque<Consumer<RelayServerListener>> waiting = new ArrayDeque<>(); // guarded by lock
    private boolean emptying; // a thread is, or soon will be; guarded by lock
    private long dropped; // guarded by lock
    private final LimitedLog tooSlow = new LimitedLog(log, Level.WARN);
    private final LimitedLog failed = new LimitedLog(log, Level.ERROR);

    ServerEvents(RelayServer server, RelayServerOptions options) {
        this(server, options, Callbacks.EXECUTOR);
    }

    ServerEvents(RelayServer server, RelayServerOptions options, Executor threads) {
        this.server = server;
        this.threads = threads;
        listener = options.listener();
    }

    boolean hasListener() {
        return listener != null;
    }

    /** Reports a refused client or visitor; its address is null if it has already disconnected. */
    void refused(Refusal reason, @Nullable InetSocketAddress from) {
        refusals.incrementAndGet(reason.ordinal());
        if (listener != null && from != null) offer(told -> told.refused(server, reason, from));
    }

    /** Returns the number of refusals for each reason. */
    Map<Refusal, Long> refusals() {
        Map<Refusal, Long> counts = new EnumMap<>(Refusal.class);
        for (Refusal reason : Refusal.values()) counts.put(reason, refusals.get(reason.ordinal()));
        return counts;
    }

    long dropped() {
        lock.lock();
        try {
            return dropped;
        } finally {
            lock.unlock();
        }
    }

    /** Reports the up of a tunnel. Returns false if it was dropped; then no other event of that tunnel may be reported. */
    boolean up(ServedTunnel tunnel) {
        return add(
                told -> told.tunnelUp(server, tunnel),
                MOST_WAITING + server.options().maxTunnels());
    }

    /** Reports the down of a tunnel whose up was reported, which bounds their number. */
    void down(ServedTunnel tunnel, @Nullable Throwable cause) {
        add(told -> told.tunnelDown(server, tunnel, cause), Integer.MAX_VALUE);
    }

    void held(ServedTunnel tunnel) {
        offer(told -> told.tunnelHeld(server, tunnel));
    }

    void resumed(ServedTunnel tunnel) {
        offer(told -> told.tunnelResumed(server, tunnel));
    }

    void accepted(ServedTunnel tunnel, ServedVisitor visitor) {
        offer(told -> told.visitorAccepted(server, tunnel, visitor));
    }

    void closed(ServedTunnel tunnel, ServedVisitor visitor, @Nullable Throwable cause) {
        offer(told -> told.visitorClosed(server, tunnel, visitor, cause));
    }

    private void offer(Consumer<RelayServerListener> event) {
        add(event, MOST_WAITING);
    }

    /** Counts an event that is not reported. */
    void drop() {
        lock.lock();
        try {
            dropped++;
        } finally {
            lock.unlock();
        }
        tooSlow.log("relay server: the listener is too slow, events are dropped");
    }

    private boolean add(Consumer<RelayServerListener> event, int most) {
        boolean full;
        boolean start = false;
        lock.lock();
        try {
            full = waiting.size() >= most;
            if (!full) {
                waiting.add(event);
                start = !emptying;
                emptying = true;
            }
        } finally {
            lock.unlock();
        }
        if (full) drop();
        if (start) startEmptying();
        return !full;
    }

    /** If no thread can be started, for example for lack of memory, the events wait for the next one. A loop must not fail. */
    private void startEmptying() {
        try {
            threads.execute(this::empty);
        } catch (RuntimeException | Error e) {
            failed.log("relay server: no thread to call the listener", e);
            lock.lock();
            try {
                emptying = false;
            } finally {
                lock.unlock();
            }
        }
    }

    private void empty() {
        for (Consumer<RelayServerListener> event; (event = next()) != null; ) {
            call(event);
            Thread.interrupted(); // a flag that a listener left set is not meant for the next call
        }
    }

    private @Nullable Consumer<RelayServerListener> next() {
        lock.lock();
        try {
            Consumer<RelayServerListener> event = waiting.poll();
            if (event == null) emptying = false;
            return event;
        } finally {
            lock.unlock();
        }
    }

    private void call(Consumer<RelayServerListener> event) {
        RelayServerListener told = listener;
        if (told == null) return;
        try {
            event.accept(told);
        } catch (RuntimeException | Error e) {
            failed.log("the listener of the relay server has failed", e);
        }
    }

    /** Started with the first event. */
    private static final class Callbacks {
        static final ExecutorService EXECUTOR = Threads.executor("relay-callback");
    }
}
