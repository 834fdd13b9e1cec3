package org.relay4j.client;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelListener;
import org.relay4j.api.TunnelStatistics;
import org.relay4j.api.Visitor;
import org.relay4j.api.recording.TunnelEvent;
import org.relay4j.api.recording.VisitorEvent;
import org.relay4j.yamux.SessionStatistics;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.io.LimitedLog;
import org.relay4j.yamux.io.OrderedLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * The events of a tunnel: counts them, and calls the listener for one after the other.
 */
final class TunnelEvents {
    /*
     * All events go through one queue, which a thread of its own empties, so a slow listener delays neither a reconnect nor an
     * event loop. Only the first up is delivered by the connecting thread, before it returns. Events of visitors that arrive
     * before the up of their connection are kept aside until then.
     *
     * Visitors are reported with the session's lock held. The lock of this class is therefore a leaf: under it the tunnel is
     * asked nothing, because that might take a session's lock. Events carry what they need as values.
     */
    static final int MOST_WAITING = 1_024;

    private static final Logger log = LoggerFactory.getLogger(TunnelEvents.class);

    private final @Nullable TunnelListener listener;
    private final Tunnel tunnel;
    private final Executor threads;
    private final LimitedLog noThread = new LimitedLog(log, Level.ERROR);
    private final TunnelMeter meter = new TunnelMeter();
    private final ReentrantLock turn = new ReentrantLock(); // held by the thread that calls the listener
    private final ReentrantLock lock = OrderedLock.leaf("a tunnel's events");
    private final ArrayDeque<Consumer<TunnelListener>> waiting = new ArrayDeque<>(); // guarded by lock
    private final ArrayDeque<Consumer<TunnelListener>> early = new ArrayDeque<>(); // until the next up; guarded by lock
    private final Set<MuxStream> earlyVisitors = new HashSet<>(); // guarded by lock
    private boolean isUp; // guarded by lock
    private boolean emptying; // a thread is, or soon will be; guarded by lock
    private long dropped; // guarded by lock
    private @Nullable TunnelEvent recorded; // guarded by lock
    private volatile String name = "not connected yet"; // the public address

    TunnelEvents(@Nullable TunnelListener listener, Tunnel tunnel) {
        this(listener, tunnel, Callbacks.EXECUTOR);
    }

    TunnelEvents(@Nullable TunnelListener listener, Tunnel tunnel, Executor threads) {
        this.listener = listener;
        this.tunnel = tunnel;
        this.threads = threads;
    }

    /**
     * The tunnel's first connection to the server is established; those before have ended.
     *
     * @param publicAddress where visitors of this one connect
     */
    void connected(InetSocketAddress publicAddress, Supplier<SessionStatistics> connection) {
        name = HostPort.text(publicAddress);
        meter.connected(connection);
    }

    /** A further connection carries the tunnel. */
    void joined(Supplier<SessionStatistics> connection) {
        meter.joined(connection);
    }

    /** A connection has ended. */
    void left(Supplier<SessionStatistics> connection) {
        meter.left(connection);
    }

    TunnelStatistics statistics() {
        long droppedEvents;
        lock.lock();
        try {
            droppedEvents = dropped;
        } finally {
            lock.unlock();
        }
        return meter.read(droppedEvents);
    }

    /** True on a thread that is calling the listener. It must not wait for another call. */
    boolean isCurrent() {
        return turn.isHeldByCurrentThread();
    }

    // ---- the tunnel

    /**
     * The tunnel is up.
     *
     * @param publicAddress where visitors connect
     * @param before where they did until now; null the first time, when the listener is called before this returns
     */
    void up(InetSocketAddress publicAddress, @Nullable InetSocketAddress before) {
        if (before != null) {
            upAgain(publicAddress, before);
            return;
        }
        assert OrderedLock.noneHeld() : "a listener is called with a lock held";
        turn.lock(); // all other events follow on a thread of their own
        try {
            begin(List.of());
            call(told -> told.up(tunnel));
        } finally {
            turn.unlock();
        }
    }

    private void upAgain(InetSocketAddress publicAddress, InetSocketAddress before) {
        List<Consumer<TunnelListener>> news = new ArrayList<>();
        if (!before.equals(publicAddress)) news.add(told -> told.publicAddressChanged(tunnel, before));
        news.add(told -> told.up(tunnel));
        begin(news);
    }

    private void begin(List<Consumer<TunnelListener>> news) {
        boolean start = false;
        lock.lock();
        try {
            recorded = TunnelEvent.begun();
            isUp = true;
            if (listener == null) return;
            waiting.addAll(news);
            waiting.addAll(early);
            early.clear();
            earlyVisitors.clear();
            start = !waiting.isEmpty() && mustStart();
        } finally {
            lock.unlock();
        }
        if (start) emptySoon();
    }

    void down(@Nullable Throwable cause, boolean willRetry) {
        TunnelEvent ended;
        boolean start = false;
        lock.lock();
        try {
            ended = recorded;
            recorded = null;
            isUp = false;
            if (listener != null) {
                waiting.add(told -> told.down(tunnel, cause, willRetry));
                start = mustStart();
            }
        } finally {
            lock.unlock();
        }
        if (start) emptySoon();
        if (ended != null) ended.ended(name, cause == null ? null : cause.getMessage());
    }

    /** The owner has closed the tunnel. */
    void closed() {
        log.info("tunnel {}: closed", name);
        down(null, false);
    }

    // ---- visitors and round trips; on any thread, and with the session's lock held

    /** @param address of the visitor; null if it is not known */
    void visitorAccepted(MuxStream stream, @Nullable InetSocketAddress address) {
        meter.accepted();
        if (listener == null) return;
        Visitor visitor = visitor(stream, address);
        later(stream, told -> told.visitorAccepted(tunnel, visitor));
    }

    /** The cause is only asked for if a listener or a recording needs it. */
    void visitorClosed(MuxStream stream, @Nullable InetSocketAddress address, Supplier<@Nullable Throwable> cause) {
        meter.gone();
        if (listener == null && !VisitorEvent.isRecorded()) return;
        Throwable failure = cause.get();
        VisitorEvent.record(
                name, stream.id(), stream.age(System.nanoTime()), stream.bytesReceived(), stream.bytesSent(), failure);
        if (listener == null) return;
        Visitor visitor = visitor(stream, address);
        later(stream, told -> told.visitorClosed(tunnel, visitor, failure));
    }

    /** Unit: nanoseconds. */
    void roundTrip(long nanos) {
        if (listener == null) return;
        Duration roundTrip = Duration.ofNanos(nanos);
        later(null, told -> told.roundTrip(tunnel, roundTrip));
    }

    private static Visitor visitor(MuxStream stream, @Nullable InetSocketAddress address) {
        return new Visitor(
                Integer.toUnsignedLong(stream.id()),
                address,
                Duration.ofNanos(stream.age(System.nanoTime())),
                stream.bytesReceived(),
                stream.bytesSent());
    }

    // ---- the queue

    private void later(@Nullable MuxStream stream, Consumer<TunnelListener> event) {
        boolean first = false;
        boolean start = false;
        lock.lock();
        try {
            if (waiting.size() + early.size() >= MOST_WAITING) first = dropped++ == 0;
            else if (isUp || isOfAnEarlierConnection(stream)) {
                waiting.add(event);
                start = mustStart();
            } else {
                early.add(event);
                if (stream != null) earlyVisitors.add(stream);
            }
        } finally {
            lock.unlock();
        }
        if (start) emptySoon();
        if (first) log.warn("tunnel {}: the listener is too slow, events of visitors are dropped", name);
    }

    /** An event of an ended connection is delivered at once, one of the next connection after its up. */
    private boolean isOfAnEarlierConnection(@Nullable MuxStream stream) {
        return stream != null && stream.isGone() && !earlyVisitors.contains(stream);
    }

    /** Whether {@link #emptySoon} is to be called, without the lock. With the lock held. */
    private boolean mustStart() {
        if (emptying) return false;
        emptying = true;
        return true;
    }

    /** Without a thread, for example for lack of memory, the events wait for the next one: a loop must not fail for them. */
    private void emptySoon() {
        try {
            threads.execute(() -> {
                empty();
                Thread.interrupted(); // a listener that leaves the flag set does not mean the next one
            });
        } catch (RuntimeException | Error e) {
            noThread.log("tunnel {}: no thread to call the listener", name, e);
            lock.lock();
            try {
                emptying = false;
            } finally {
                lock.unlock();
            }
        }
    }

    private void empty() {
        assert OrderedLock.noneHeld() : "a listener is called with a lock held";
        turn.lock();
        try {
            for (Consumer<TunnelListener> event; (event = next()) != null; ) call(event);
        } finally {
            turn.unlock();
        }
    }

    private @Nullable Consumer<TunnelListener> next() {
        lock.lock();
        try {
            Consumer<TunnelListener> event = waiting.poll();
            if (event == null) emptying = false;
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
}
