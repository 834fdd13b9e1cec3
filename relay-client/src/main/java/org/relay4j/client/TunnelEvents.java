package org.relay4j.client;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelListener;
import org.relay4j.api.TunnelStatistics;
import org.relay4j.api.Visitor;
import org.relay4j.yamux.SessionStatistics;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.io.Threads;
import org.relay4j.yamux.io.TunnelEvent;
import org.relay4j.yamux.io.VisitorEvent;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What happens to a tunnel: counted, and told to its owner, one thing after the other. What the owner makes of it is its own
 * affair.
 */
final class TunnelEvents {
    /*
     * Ups and downs are told by the thread that brought them about, which waits for its turn. Visitors and round trips come with
     * a session's lock held, or on an event loop: they wait in a queue, which a thread of its own empties. Between a down and
     * the next up the queue is kept, so that nobody hears of a visitor of a tunnel that he has not heard of.
     */
    static final int MOST_WAITING = 1_024;

    private static final Logger log = LoggerFactory.getLogger(TunnelEvents.class);

    private final @Nullable TunnelListener listener;
    private final Tunnel tunnel;
    private final TunnelMeter meter = new TunnelMeter();
    private final ReentrantLock turn = new ReentrantLock(true); // whose call it is
    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<Consumer<TunnelListener>> waiting = new ArrayDeque<>(); // guarded by lock
    private boolean isUp; // guarded by lock
    private boolean emptying; // a thread is, or soon will be; guarded by lock
    private long untold; // guarded by lock
    private @Nullable TunnelEvent recorded; // guarded by turn

    TunnelEvents(@Nullable TunnelListener listener, Tunnel tunnel) {
        this.listener = listener;
        this.tunnel = tunnel;
    }

    /** The public address, as a person would write it. */
    static String name(Tunnel tunnel) {
        return text(tunnel.publicAddress());
    }

    static String text(InetSocketAddress address) {
        return address.getHostString() + ":" + address.getPort();
    }

    /** There is another connection to the server; the one before has ended. */
    void connected(Supplier<SessionStatistics> connection) {
        meter.connected(connection);
    }

    TunnelStatistics statistics() {
        long thrownAway;
        lock.lock();
        try {
            thrownAway = untold;
        } finally {
            lock.unlock();
        }
        return meter.read(thrownAway);
    }

    /** True on a thread that is calling the listener: nothing must wait there for another call. */
    boolean isCurrent() {
        return turn.isHeldByCurrentThread();
    }

    // ---- told at once, on threads that may wait

    /**
     * The tunnel stands.
     *
     * @param before the public address until now; null the first time
     */
    void up(@Nullable InetSocketAddress before) {
        turn.lock();
        try {
            recorded = TunnelEvent.begun();
            if (before != null && !before.equals(tunnel.publicAddress())) {
                call(told -> told.publicAddressChanged(tunnel, before));
            }
            call(told -> told.up(tunnel));
            begin();
        } finally {
            turn.unlock();
        }
    }

    void down(@Nullable Throwable cause, boolean willRetry) {
        turn.lock();
        try {
            if (recorded != null) recorded.ended(name(tunnel), cause == null ? null : cause.getMessage());
            recorded = null;
            for (Consumer<TunnelListener> event; (event = next()) != null; ) call(event);
            call(told -> told.down(tunnel, cause, willRetry));
        } finally {
            turn.unlock();
        }
    }

    /** The tunnel was closed by its owner. */
    void closed() {
        log.info("tunnel {}: closed", name(tunnel));
        down(null, false);
    }

    // ---- told soon; on any thread, and with the session's lock held

    void visitorAccepted(MuxStream stream) {
        meter.accepted();
        if (listener == null) return;
        Visitor visitor = visitor(stream);
        later(told -> told.visitorAccepted(tunnel, visitor));
    }

    void visitorClosed(MuxStream stream, @Nullable Throwable cause) {
        meter.gone();
        VisitorEvent.record(tunnel, stream, cause);
        if (listener == null) return;
        Visitor visitor = visitor(stream);
        later(told -> told.visitorClosed(tunnel, visitor, cause));
    }

    /** Unit: nanoseconds. */
    void roundTrip(long nanos) {
        if (listener == null) return;
        Duration roundTrip = Duration.ofNanos(nanos);
        later(told -> told.roundTrip(tunnel, roundTrip));
    }

    private static Visitor visitor(MuxStream stream) {
        return new Visitor(
                Integer.toUnsignedLong(stream.id()),
                Duration.ofNanos(stream.age()),
                stream.bytesReceived(),
                stream.bytesSent());
    }

    // ---- the queue

    private void later(Consumer<TunnelListener> event) {
        lock.lock();
        try {
            if (waiting.size() >= MOST_WAITING) {
                if (untold++ == 0) {
                    log.warn("tunnel {}: the listener is too slow, it is not told of all visitors", name(tunnel));
                }
                return;
            }
            waiting.add(event);
            if (isUp) emptySoon();
        } finally {
            lock.unlock();
        }
    }

    private void begin() {
        lock.lock();
        try {
            isUp = true;
            if (!waiting.isEmpty()) emptySoon();
        } finally {
            lock.unlock();
        }
    }

    /** With the lock held. */
    private void emptySoon() {
        if (emptying) return;
        emptying = true;
        Callbacks.EXECUTOR.execute(this::empty);
    }

    private void empty() {
        turn.lock();
        try {
            for (Consumer<TunnelListener> event; (event = nextWhileUp()) != null; ) call(event);
        } finally {
            turn.unlock();
            Thread.interrupted(); // a listener that leaves the flag set does not mean the next one
        }
    }

    private @Nullable Consumer<TunnelListener> nextWhileUp() {
        lock.lock();
        try {
            Consumer<TunnelListener> event = isUp ? waiting.poll() : null;
            if (event == null) emptying = false;
            return event;
        } finally {
            lock.unlock();
        }
    }

    /** What is still to be told before a down; after the last the tunnel is no longer up. */
    private @Nullable Consumer<TunnelListener> next() {
        lock.lock();
        try {
            Consumer<TunnelListener> event = waiting.poll();
            if (event == null) isUp = false;
            return event;
        } finally {
            lock.unlock();
        }
    }

    private void call(Consumer<TunnelListener> event) {
        TunnelListener told = listener;
        if (told == null) return;
        try {
            event.accept(told);
        } catch (RuntimeException | Error e) {
            log.error("the tunnel listener has failed", e);
        }
    }

    /** Started with the first event that has to wait. */
    private static final class Callbacks {
        static final ExecutorService EXECUTOR = Threads.executor("relay-callback");
    }
}
