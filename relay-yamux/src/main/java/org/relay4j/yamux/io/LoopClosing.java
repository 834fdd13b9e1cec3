package org.relay4j.yamux.io;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.SessionClosing;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Closes the wire of a session on a loop, as {@link SessionClosing} decides. On the loop, with the lock held. */
final class LoopClosing {
    /** The silence after the last frame after which the peer is assumed to send no more. Unit: nanoseconds. */
    private static final long DRAIN_SILENCE = TimeUnit.SECONDS.toNanos(1);

    private static final Logger log = LoggerFactory.getLogger(LoopClosing.class);

    private final SessionClosing closing = new SessionClosing(DRAIN_SILENCE);
    private final Loop loop;
    private final Wire wire;
    private final Runnable due; // continues the close
    private Loop.@Nullable Timer timer;
    private boolean shutdownDue; // the socket was too full to end our direction

    LoopClosing(Loop loop, Wire wire, Runnable due) {
        this.loop = loop;
        this.wire = wire;
        this.due = due;
    }

    /** Returns true until {@link #next} is called for an ended session. From any thread, with the lock held. */
    boolean isOpen() {
        return closing.isOpen();
    }

    /** Called after a write. From any thread, with the lock held. */
    void wrote(long now) {
        closing.wrote(now);
    }

    /** Performs the next step of the close. Returns true if the channel must be closed now. */
    boolean next(Cause ended, boolean outputLeft) {
        SessionClosing.Step step = closing.next(ended, outputLeft, loop.now());
        try {
            if (step == SessionClosing.Step.CLOSE_OUTPUT || shutdownDue) shutdownDue = !wire.shutdownOutput();
        } catch (IOException e) {
            log.debug("{}: connection lost during close: {}", wire, e.toString());
            closing.close();
        }
        if (closing.isClosed()) {
            stop();
            return true;
        }
        long wait = Math.max(1, closing.deadline() - loop.now());
        if (timer == null || step == SessionClosing.Step.CLOSE_OUTPUT) restart(wait);
        return false;
    }

    /** Returns true if {@link #next} must be called again when the socket is writable. */
    boolean awaitsSocket() {
        return shutdownDue;
    }

    /** Schedules a callback at the deadline, which may have been extended by then. */
    private void restart(long wait) {
        stop();
        timer = loop.schedule(wait, () -> {
            timer = null;
            due.run();
        });
    }

    /** Discards data that the peer still sends. Returns false if its direction has ended; it may still be reading. */
    boolean drain() {
        try {
            int length = wire.discard(loop.readBuffer());
            if (length > 0) closing.received(loop.now());
            if (length < 0) closing.peerEnded();
            return length >= 0;
        } catch (IOException e) {
            log.debug("{}: connection lost during close: {}", wire, e.toString());
            closing.close();
            return false;
        }
    }

    /** Cancels the timer. */
    void stop() {
        if (timer != null) timer.cancel();
        timer = null;
    }
}
