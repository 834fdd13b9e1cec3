package org.relay4j.yamux.core;

import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The end of a connection whose session is over: the last frames are flushed, this end's direction is closed, the peer gets
 * time to close its own, and then the channel is closed. It decides what comes next and when; a driver does it. Guarded by
 * the session lock. Times are nanoseconds of the clock that drives the session.
 */
public final class SessionClosing {
    /*
     * A connection that is closed before its input was read is reset by the kernel, which destroys what the peer has not read
     * yet. So after the last frame what the peer still sends is read and thrown away, until it ends or falls silent: its
     * credit says that it is still reading what waits on a slow path.
     */

    /** What a driver does next. */
    public enum Step {
        /** The session is not over. */
        NONE,
        /** Write what is left; come back when some of it was written, and at the {@link #deadline}. */
        FLUSH,
        /** Everything is written: close this direction, then read on, and come back at the deadline. Returned once. */
        CLOSE_OUTPUT,
        /** Read on and throw away what comes; come back at the deadline. */
        DRAIN,
        /** Close the channel. */
        CLOSE
    }

    /** The peer has to take something at least this often while the rest is flushed. */
    static final long FLUSH_STALL = TimeUnit.SECONDS.toNanos(1);

    /** And all of it within this time: a full output at 1 Mbit/s. */
    static final long FLUSH_MOST = TimeUnit.SECONDS.toNanos(5);

    /** The peer has this time in all to close its side. */
    static final long DRAIN_MOST = TimeUnit.SECONDS.toNanos(5);

    private final long drainSilence; // ns
    private Step step = Step.NONE;
    private boolean peerEnded;
    private long movedAt; // ns; when something last moved in the present step
    private long stall; // ns; for how long nothing may move
    private long until; // ns; the end of the step

    /** @param drainSilence for how long a peer may be silent before it is taken to send nothing more */
    public SessionClosing(long drainSilence) {
        this.drainSilence = drainSilence;
    }

    /**
     * What to do now. To be asked whenever something has changed, and at the {@link #deadline}.
     *
     * @param ended why the session is over, null while it is not
     * @param outputLeft whether something is still to be written
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

    /** When to ask again at the latest, in the steps FLUSH, CLOSE_OUTPUT and DRAIN. */
    public long deadline() {
        long patience = movedAt + stall;
        return patience - until < 0 ? patience : until;
    }

    /** True until the session is over and {@link #next} has been asked. */
    public boolean isOpen() {
        return step == Step.NONE;
    }

    /** True once the channel is closed, or to be closed. */
    public boolean isClosed() {
        return step == Step.CLOSE;
    }

    /** Something was written. */
    public void wrote(long now) {
        if (step == Step.FLUSH && now - movedAt > 0) movedAt = now;
    }

    /** The peer has sent something. */
    public void received(long now) {
        if (step == Step.DRAIN) movedAt = now;
    }

    /** The peer sends nothing more; it may still be reading. */
    public void peerEnded() {
        peerEnded = true;
    }

    /** Nothing is waited for any more. */
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
