package org.relay4j.yamux.core;

/**
 * Adapts the receive windows of a session to what its path holds: a stream cannot move more than one window in a round trip.
 * Windows grow only by what was consumed here, up to a bound for each stream, one for the session and one for the process; a
 * stream that has been slow for a while starts again from the configured size.
 */
final class ReceiveWindowTuner {
    /** Round trips below this one are those of a local network: a larger window would only be a longer queue. */
    static final long NEARBY = 2_000_000; // ns

    /** How often the round trip is measured while much is received: a busy machine makes single ones much too long. */
    private static final long MEASURE_EVERY = 100_000_000; // ns

    private final CoreOptions options;
    private final BufferSource buffers;
    private final KeepAlive keepAlive;
    private final RoundTrip roundTrip = new RoundTrip();
    private final int most; // bytes of one window
    private long reserved; // bytes beyond the configured size, of all windows
    private long measured; // ns; when it was last asked for

    ReceiveWindowTuner(CoreOptions options, BufferSource buffers, KeepAlive keepAlive) {
        this.options = options;
        this.buffers = buffers;
        this.keepAlive = keepAlive;
        most = Math.max(options.receiveWindow(), options.maxReceiveWindow());
    }

    void measured(long time, long now) {
        roundTrip.measured(time, now);
        measured = now;
    }

    /** True when the path to the peer is known to be a long one. */
    boolean isFar() {
        return roundTrip.isKnown() && roundTrip.shortest() >= NEARBY;
    }

    /** Sets the size of a window whose credit is about to be returned, and how that is divided. */
    void tune(ReceiveWindow window, long now) {
        window.far = isFar();
        if (most == options.receiveWindow()) return;
        if (!roundTrip.isKnown() || now - measured >= MEASURE_EVERY) {
            measured = now;
            keepAlive.ping(now);
            if (!roundTrip.isKnown()) return;
        }
        if (!window.far) {
            resize(window, options.receiveWindow());
            return;
        }
        ReceivePace pace = window.pace;
        if (pace == null) {
            window.pace = new ReceivePace(now);
            return;
        }
        if (pace.rested(now)) {
            pace.start(now);
            resize(window, options.receiveWindow());
        } else resize(window, pace.moved(window.credit(), window.size(), roundTrip.shortest(), now));
    }

    /** Called when credit was returned. */
    void credited(ReceiveWindow window) {
        // What is held of a window that shrinks is free once the peer can no longer use it.
        int needed = Math.max(window.whole(), window.size()) - options.receiveWindow();
        if (needed < window.reserved) give(window, window.reserved - Math.max(0, needed));
    }

    /** The stream has ended. */
    void forget(ReceiveWindow window) {
        give(window, window.reserved);
    }

    /** Bytes that all windows together have grown by. */
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
