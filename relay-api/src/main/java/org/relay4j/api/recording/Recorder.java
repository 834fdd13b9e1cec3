package org.relay4j.api.recording;

import java.util.ArrayDeque;
import java.util.concurrent.locks.ReentrantLock;
import jdk.jfr.FlightRecorder;
import org.jspecify.annotations.Nullable;

/**
 * Records what happens to tunnels and visitors with Java's flight recorder. Safe for use by several threads; never blocks.
 *
 * <p>Nothing is loaded until the flight recorder is in use. Then the first event makes Java load the rest of it, which takes about
 * 0.2 s. So a thread of its own loads the classes. Events that happen meanwhile are recorded by that thread, at most
 * {@value #MOST_WAITING}.
 * A process that ends at once may lose them.
 */
public final class Recorder {
    static final int MOST_WAITING = 1_024;

    private static final ReentrantLock LOCK = new ReentrantLock();
    private static final ArrayDeque<Runnable> WAITING = new ArrayDeque<>(); // guarded by LOCK
    private static boolean loading; // guarded by LOCK
    private static volatile boolean ready; // written under LOCK

    private Recorder() {}

    /** Returns true once events are recorded by the thread on which they happen. */
    public static boolean isReady() {
        return ready;
    }

    /** Returns false if the end of a visitor is not being recorded, so that its cause need not be computed. */
    public static boolean wantsVisitors() {
        return ready ? VisitorEvent.isRecorded() : FlightRecorder.isInitialized();
    }

    /**
     * Records the end of a tunnel.
     *
     * @param tunnel its name
     * @param nanos for how long it was up, in nanoseconds
     * @param cause why it has ended; null if this side closed it
     */
    public static void tunnel(String tunnel, long nanos, @Nullable String cause) {
        record(() -> TunnelEvent.record(tunnel, nanos, cause == null ? "" : cause));
    }

    /**
     * Records that a tunnel is held no longer.
     *
     * @param tunnel its name
     * @param nanos for how long it was held, in nanoseconds
     * @param outcome {@code resumed} if the client came back, else why the tunnel has ended
     */
    public static void held(String tunnel, long nanos, String outcome) {
        record(() -> TunnelHeldEvent.record(tunnel, nanos, outcome));
    }

    /**
     * Records the end of a visitor.
     *
     * @param tunnel the tunnel, recorded by its {@code toString}
     * @param stream id of the visitor's stream, unsigned
     * @param nanos how long the visitor was connected, in nanoseconds
     * @param bytesIn bytes received from the visitor
     * @param bytesOut bytes sent to the visitor
     * @param failure why the visitor was reset; null if both directions were closed gracefully
     */
    public static void visitor(
            Object tunnel, int stream, long nanos, long bytesIn, long bytesOut, @Nullable Throwable failure) {
        if (ready) VisitorEvent.record(tunnel, stream, nanos, bytesIn, bytesOut, failure);
        else record(() -> VisitorEvent.record(tunnel, stream, nanos, bytesIn, bytesOut, failure));
    }

    private static void record(Runnable event) {
        if (!ready && !FlightRecorder.isInitialized()) return;
        if (ready || !await(event)) event.run();
    }

    /** Leaves an event to the loading thread. Returns false if that has just ended. */
    private static boolean await(Runnable event) {
        LOCK.lock();
        try {
            if (ready) return false;
            if (WAITING.size() < MOST_WAITING) WAITING.add(event);
            if (!loading) {
                try {
                    Thread thread = new Thread(Recorder::load, "relay-recorder");
                    thread.setDaemon(true);
                    thread.start();
                    loading = true;
                } catch (OutOfMemoryError e) {
                    // no thread can be started now: the next event tries again
                }
            }
            return true;
        } finally {
            LOCK.unlock();
        }
    }

    private static void load() {
        try {
            TunnelEvent.isRecorded();
            TunnelHeldEvent.isRecorded();
            VisitorEvent.isRecorded();
            recordWaiting();
        } finally {
            finishLoading();
        }
    }

    /** Also after a failure, so that no event waits for a thread that has ended. */
    private static void finishLoading() {
        LOCK.lock();
        try {
            ready = true;
            WAITING.clear();
        } finally {
            LOCK.unlock();
        }
    }

    private static void recordWaiting() {
        while (true) {
            Runnable event;
            LOCK.lock();
            try {
                event = WAITING.poll();
                if (event == null) {
                    ready = true;
                    return;
                }
            } finally {
                LOCK.unlock();
            }
            event.run();
        }
    }
}
