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
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.api.recording.Recorder;
import org.relay4j.yamux.SessionStatistics;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.io.LimitedLog;
import org.relay4j.yamux.io.OrderedLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * The events of a tunnel: counts them, and calls the listener one event at a time.
 */
final class TunnelEvents {
    /*
     * All events go through one queue, which a separate thread empties, so a slow listener delays neither a reconnect nor an
     * event loop. Only the first up is delivered by the connecting thread, before it returns. Events of visitors before the up
     * of their connection wait for it in a second queue.
     *
     * Visitors are reported with the session's lock held. The lock of this class is therefore a leaf: no method of the tunnel
     * is called under it, because that might take a session's lock. Events carry the values that they need.
     *
     * Longer than 300 lines because the order of all these events is decided under this one lock.
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
    private long upSince; // ns; while up; guarded by lock
    private volatile String name = "not connected yet";

    TunnelEvents(@Nullable TunnelListener listener, Tunnel tunnel) {
        this(listener, tunnel, Callbacks.LISTENERS);
    }

    TunnelEvents(@Nullable TunnelListener listener, Tunnel tunnel, Executor threads) {
        this.listener = listener;
        this.tunnel = tunnel;
        this.threads = threads;
    }

    /**
     * The tunnel's first connection to the server is established; those before have ended.
     *
     * @param newName for logs and recordings
     */
    void connected(String newName, Supplier<SessionStatistics> connection) {
        name = newName;
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

    /** Returns true on a thread that is calling the listener, which must not wait for another call. */
    boolean isCurrent() {
        return turn.isHeldByCurrentThread();
    }

    // ---- the tunnel

    /**
     * Reports that the tunnel is up.
     *
     * @param publicAddress the address for visitors
     * @param before the previous address; null the first time, when the listener is called before this method returns
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
            upSince = System.nanoTime();
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
        boolean wasUp;
        long since;
        boolean start = false;
        lock.lock();
        try {
            wasUp = isUp;
            since = upSince;
            isUp = false;
            if (listener != null) {
                waiting.add(told -> told.down(tunnel, cause, willRetry));
                start = mustStart();
            }
        } finally {
            lock.unlock();
        }
        if (start) emptySoon();
        if (wasUp) Recorder.tunnel(name, System.nanoTime() - since, cause == null ? null : cause.getMessage());
    }

    /** Reports that the owner has closed the tunnel. */
    void closed() {
        log.info("tunnel {}: closed", name);
        down(null, false);
    }

    // ---- visitors and round trips; on any thread, and with the session's lock held

    /**
     * @param of what the listener receives; null means the tunnel
     * @param header of the visitor's stream; null if it has none
     */
    void visitorAccepted(@Nullable Tunnel of, MuxStream stream, @Nullable ProxyHeader header) {
        meter.accepted();
        if (listener == null) return;
        Visitor visitor = visitor(stream, header);
        Tunnel shown = of == null ? tunnel : of;
        later(stream, told -> told.visitorAccepted(shown, visitor));
    }

    /** Reports the end of a visitor. The cause is computed only if a listener or a recording needs it. */
    void visitorClosed(
            @Nullable Tunnel of, MuxStream stream, @Nullable ProxyHeader header, Supplier<@Nullable Throwable> cause) {
        meter.gone();
        if (listener == null && !Recorder.wantsVisitors()) return;
        Throwable failure = cause.get();
        Recorder.visitor(
                name, stream.id(), stream.age(System.nanoTime()), stream.bytesReceived(), stream.bytesSent(), failure);
        if (listener == null) return;
        Visitor visitor = visitor(stream, header);
        Tunnel shown = of == null ? tunnel : of;
        later(stream, told -> told.visitorClosed(shown, visitor, failure));
    }

    /** The address of an endpoint of the tunnel has changed. */
    void addressChanged(Tunnel of, InetSocketAddress before) {
        if (listener != null) later(null, told -> told.publicAddressChanged(of, before));
    }

    /** Unit: nanoseconds. */
    void roundTrip(long nanos) {
        if (listener == null) return;
        Duration roundTrip = Duration.ofNanos(nanos);
        later(null, told -> told.roundTrip(tunnel, roundTrip));
    }

    private static Visitor visitor(MuxStream stream, @Nullable ProxyHeader header) {
        return new Visitor(
                Integer.toUnsignedLong(stream.id()),
                header == null ? null : header.source(),
                header == null ? null : header.uniqueId(),
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

    /** Queues an event: at once for an ended connection, after the up for the next one. */
    private boolean isOfAnEarlierConnection(@Nullable MuxStream stream) {
        return stream != null && stream.isGone() && !earlyVisitors.contains(stream);
    }

    /** Returns whether {@link #emptySoon} must be called, without the lock. With the lock held. */
    private boolean mustStart() {
        if (emptying) return false;
        emptying = true;
        return true;
    }

    /** If no thread can be started, for example for lack of memory, the events wait for the next one. A loop must not fail. */
    private void emptySoon() {
        try {
            threads.execute(() -> {
                empty();
                Thread.interrupted(); // a flag that a listener left set is not meant for the next call
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
