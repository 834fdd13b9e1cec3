package org.relay4j.yamux.core;

import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The shutdown sequence of a connection whose session has ended. The last frames are flushed, this end's direction is
 * closed, the peer gets time to close its direction, and then the channel is closed. This class decides the next step
 * and its time; a driver performs it. Guarded by the session lock. Times are in nanoseconds of the clock that drives
 * the session.
 */
public final class SessionClosing {
    /*
     * The kernel resets a connection that is closed with unread input, which destroys data that the peer has not read
     * yet. So after the last frame the input is read and discarded until it ends or the peer falls silent. Window
     * updates show that the peer is still reading data from a slow path.
     */

    /** The next step of the driver. */
    public enum Step {
        /** The session has not ended. */
        NONE,
        /** Write the pending output. Call {@link #next} again after each write and at the {@link #deadline}. */
        FLUSH,
        /**
         * All output is written. Close this direction, continue to read, and call {@link #next} again at the deadline.
         * Returned once.
         */
        CLOSE_OUTPUT,
        /** Read and discard the input. Call {@link #next} again at the deadline. */
        DRAIN,
        /** Close the channel. */
        CLOSE
    }

    /** Maximum time without progress while the output is flushed. */
    static final long FLUSH_STALL = TimeUnit.SECONDS.toNanos(1);

    /** Maximum total time of the flush: a full output buffer at 1 Mbit/s. */
    static final long FLUSH_MOST = TimeUnit.SECONDS.toNanos(5);

    /** Maximum total time that the peer has to close its direction. */
    static final long DRAIN_MOST = TimeUnit.SECONDS.toNanos(5);

    private final long drainSilence; // ns
    private Step step = Step.NONE;
    private boolean peerEnded;
    private long movedAt; // ns; time of the last progress in the current step
    private long stall; // ns; maximum time without progress
    private long until; // ns; the end of the step

    /** @param drainSilence silence after which the peer is assumed to send nothing more */
    public SessionClosing(long drainSilence) {
        this.drainSilence = drainSilence;
    }

    /**
     * Returns the next step. Must be called after any change and at the {@link #deadline}.
     *
     * @param ended the reason why the session ended, or null if it has not
     * @param outputLeft whether output is still pending
     */
    public Step next(@Nullable Cause ended, boolean outputLeft, long now) {
        if (ended == null || step == Step.CLOSE) return step;
        if (step == Step.NONE) begin(Step.FLUSH, FLUSH_STALL, FLUSH_MOST, now);
        if (!ended.kind().peerMayRead()) return close();
        if (step == Step.FLUSH && !outputLeft) {
            if (peerEnded) return close();
            begin(Step.DRAIN, drainSilence, DRAIN_MOST, now);
            return Step.CLOSE_OUTPUT;
        }
        boolean peerIsDone = step == Step.DRAIN && peerEnded;
        return peerIsDone || now - deadline() >= 0 ? close() : step;
    }

    /** Returns the latest time of the next call of {@link #next} in the steps FLUSH, CLOSE_OUTPUT and DRAIN. */
    public long deadline() {
        long patience = movedAt + stall;
        return patience - until < 0 ? patience : until;
    }

    /** Returns true until the session has ended and {@link #next} was called. */
    public boolean isOpen() {
        return step == Step.NONE;
    }

    /** Returns true if the channel is closed or must be closed. */
    public boolean isClosed() {
        return step == Step.CLOSE;
    }

    /** Must be called after bytes were written. */
    public void wrote(long now) {
        if (step == Step.FLUSH && now - movedAt > 0) movedAt = now;
    }

    /** Must be called after bytes were received. */
    public void received(long now) {
        if (step == Step.DRAIN) movedAt = now;
    }

    /** Must be called when the peer has closed its direction; it may still be reading. */
    public void peerEnded() {
        peerEnded = true;
    }

    /** Skips all remaining waits. */
    public Step close() {
        step = Step.CLOSE;
        return step;
    }

    private void begin(Step next, long newStall, long most, long now) {
        step = next;
        movedAt = now;
        stall = newStall;
        until = now + most;
    }
}
