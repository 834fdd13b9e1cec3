package org.relay4j.yamux.core;

/**
 * The adaptation of the receive windows of a session to the capacity of its path. A stream cannot transfer more than
 * one window per round trip. Windows grow only when data is consumed, up to one limit per stream, one per session and
 * one per process. A stream that has been slow for a while starts again from the configured size.
 */
final class ReceiveWindowTuner {
    /** Round-trip time below which the path is a local network, where a larger window would only add queueing. */
    static final long NEARBY = 2_000_000; // ns

    /**
     * Interval of round-trip measurements during bulk transfers. Several are needed because single ones are much too
     * long on a busy machine.
     */
    private static final long MEASURE_EVERY = 100_000_000; // ns

    /**
     * A stream is fast if it consumes {@link SendQuantum#ALONE} bytes in this time. If it is alone, too, and the path is
     * short, its window is as large, and is sent in one frame: then the two ends wake each other less often. Another
     * stream hardly has to wait for it.
     */
    private static final long FAST = 2 * NEARBY; // ns

    private final CoreOptions options;
    private final BufferSource buffers;
    private final KeepAlive keepAlive;
    private final RoundTrip roundTrip = new RoundTrip();
    private final ActiveStreams active = new ActiveStreams(); // that receive
    private final int most; // bytes of one window
    private int nearby; // bytes of the window of a busy stream if the path is short
    private long reserved; // bytes beyond the configured size, of all windows
    private long measured; // ns; time of the last ping

    ReceiveWindowTuner(CoreOptions options, BufferSource buffers, KeepAlive keepAlive) {
        this.options = options;
        this.buffers = buffers;
        this.keepAlive = keepAlive;
        most = Math.max(options.receiveWindow(), options.maxReceiveWindow());
        nearby = options.receiveWindow();
    }

    /** See {@link Multiplexer#nearbyWindow}. */
    void nearby(int bytes) {
        nearby = Math.max(options.receiveWindow(), bytes);
    }

    int nearby() {
        return nearby;
    }

    void measured(long time, long now) {
        roundTrip.measured(time, now);
        measured = now;
    }

    /** Returns true if the path to the peer is known to be long. */
    boolean isFar() {
        return roundTrip.isKnown() && roundTrip.shortest() >= NEARBY;
    }

    /** Sets the size of a window whose credit is about to be returned, and how finely the credit is divided. */
    void tune(ReceiveWindow window, long now) {
        window.far = isFar();
        if (most == options.receiveWindow()) return;
        measure(now);
        if (!roundTrip.isKnown()) return;
        ReceivePace pace = window.pace;
        if (pace == null) {
            window.pace = new ReceivePace(now);
        } else if (pace.rested(now)) {
            pace.start(now);
            resize(window, options.receiveWindow());
        } else if (window.far) {
            resize(window, pace.moved(window.credit(), window.size(), roundTrip.shortest(), now));
        } else {
            resize(window, nearby(window, pace, now));
        }
    }

    /** Measures the path unless that was done just now. */
    void measure(long now) {
        if (roundTrip.isKnown() && now - measured < MEASURE_EVERY) return;
        measured = now;
        keepAlive.ping(now);
    }

    /** Returns the size of a window on a short path. */
    private int nearby(ReceiveWindow window, ReceivePace pace, long now) {
        boolean fast = pace.consumed(window.credit(), SendQuantum.ALONE, FAST, now);
        return fast && !active.others(window.used, now) ? Math.max(nearby, SendQuantum.ALONE) : nearby;
    }

    /** Counts a stream that receives data. */
    void receives(ReceiveWindow window, long now) {
        window.used = active.used(window.used, now);
    }

    /** Called when credit was returned. */
    void credited(ReceiveWindow window) {
        // The budget of a shrinking window is released only when the peer can no longer use that part.
        int needed = Math.max(window.whole(), window.size()) - options.receiveWindow();
        if (needed < window.reserved) give(window, window.reserved - Math.max(0, needed));
    }

    /** Releases the budget of the window of a stream that has ended. */
    void forget(ReceiveWindow window) {
        give(window, window.reserved);
    }

    /** Returns the total growth of all windows. Unit: bytes. */
    long reserved() {
        return reserved;
    }

    private void resize(ReceiveWindow window, long wanted) {
        int size = (int) Math.max(options.receiveWindow(), Math.min(wanted, most));
        int more = Math.max(size, window.whole()) - options.receiveWindow() - window.reserved;
        if (more > 0 && !take(window, more)) return;
        window.resize(size);
    }

    private boolean take(ReceiveWindow window, int bytes) {
        if (reserved + bytes > options.windowBudget() || !buffers.promise(bytes)) return false;
        reserved += bytes;
        window.reserved += bytes;
        return true;
    }

    private void give(ReceiveWindow window, int bytes) {
        if (bytes == 0) return;
        reserved -= bytes;
        window.reserved -= bytes;
        buffers.takeBack(bytes);
    }
}
