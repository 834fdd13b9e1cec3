package org.relay4j.yamux.io;

import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.SessionClosing;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The end of a session on a loop: does to the socket what {@link SessionClosing} decides. On the loop, with the lock held. */
final class LoopClosing {
    /** A peer that is silent for so long after the last frame sends nothing more. Unit: nanoseconds. */
    private static final long DRAIN_SILENCE = TimeUnit.SECONDS.toNanos(1);

    private static final Logger log = LoggerFactory.getLogger(LoopClosing.class);

    private final SessionClosing closing = new SessionClosing(DRAIN_SILENCE);
    private final Loop loop;
    private final SocketChannel channel;
    private final Runnable due; // asks again
    private Loop.@Nullable Timer timer;

    LoopClosing(Loop loop, SocketChannel channel, Runnable due) {
        this.loop = loop;
        this.channel = channel;
        this.due = due;
    }

    /** True until {@link #next} has been called for a session that is over. From any thread, with the lock held. */
    boolean isOpen() {
        return closing.isOpen();
    }

    /** Something was written. From any thread, with the lock held. */
    void wrote(long now) {
        closing.wrote(now);
    }

    /** Goes on with the end; true when the channel is to be closed now. */
    boolean next(Cause ended, boolean outputLeft) {
        SessionClosing.Step step = closing.next(ended, outputLeft, loop.now());
        try {
            if (step == SessionClosing.Step.CLOSE_OUTPUT) channel.shutdownOutput();
        } catch (IOException e) {
            log.debug("{}: lost while it was closing: {}", channel, e.toString());
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

    /** Calls back at the deadline, which may have been put off meanwhile. */
    private void restart(long wait) {
        stop();
        timer = loop.schedule(wait, () -> {
            timer = null;
            due.run();
        });
    }

    /** Throws away what the peer still sends; false when it has ended, and may still be reading. */
    boolean drain() {
        try {
            int length = channel.read(loop.readBuffer().clear());
            if (length > 0) closing.received(loop.now());
            if (length < 0) closing.peerEnded();
            return length >= 0;
        } catch (IOException e) {
            log.debug("{}: lost while it was closing: {}", channel, e.toString());
            closing.close();
            return false;
        }
    }

    /** Nothing is waited for any more. */
    void stop() {
        if (timer != null) timer.cancel();
        timer = null;
    }
}
