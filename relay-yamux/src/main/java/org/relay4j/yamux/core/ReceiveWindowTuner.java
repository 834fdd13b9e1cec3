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

    private final CoreOptions options;
    private final BufferSource buffers;
    private final KeepAlive keepAlive;
    private final RoundTrip roundTrip = new RoundTrip();
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
        if (!roundTrip.isKnown() || now - measured >= MEASURE_EVERY) {
            measured = now;
            keepAlive.ping(now);
            if (!roundTrip.isKnown()) return;
        }
        if (!window.far && nearby == options.receiveWindow()) {
            resize(window, nearby);
            return;
        }
        ReceivePace pace = window.pace;
        if (pace == null) {
            window.pace = new ReceivePace(now);
            return;
        }
        boolean rested = pace.rested(now);
        if (rested || !window.far) {
            pace.start(now);
            resize(window, rested ? options.receiveWindow() : nearby);
        } else resize(window, pace.moved(window.credit(), window.size(), roundTrip.shortest(), now));
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
