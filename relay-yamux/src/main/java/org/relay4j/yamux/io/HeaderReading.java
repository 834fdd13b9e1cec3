package org.relay4j.yamux.io;

import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.StreamHandler;

/**
 * The handler of a stream until its header is complete, which may take 5 s; the stream is reset otherwise. Then another handler
 * takes over. On the loop, with the session's lock held; the reset of its stream is reported by whatever thread ends the session.
 */
public final class HeaderReading implements StreamHandler {
    /** What follows. Called with the session's lock held. */
    public interface Next {
        /** The header is complete. Returns the handler of the stream from now on, or null to reset the stream. */
        @Nullable
        StreamHandler begin(MuxStream stream);

        /** The stream has ended, or was reset, before its header was complete. */
        void failed(String why);
    }

    /** Unit: nanoseconds. */
    static final long TIMEOUT = TimeUnit.SECONDS.toNanos(5);

    private final LoopDriver driver;
    private final MuxStream stream;
    private final StreamHeader header;
    private final Next next;
    final Loop.Timer timer; // loop thread only
    private boolean over;

    /** Starts to wait for the header of a stream that the peer has just opened. */
    public HeaderReading(LoopDriver driver, MuxStream stream, StreamHeader header, Next next) {
        this(driver, stream, header, next, TIMEOUT);
    }

    HeaderReading(LoopDriver driver, MuxStream stream, StreamHeader header, Next next, long timeout) {
        this.driver = driver;
        this.stream = stream;
        this.header = header;
        this.next = next;
        timer = driver.loop().schedule(timeout, () -> expire(timeout));
    }

    private void expire(long timeout) {
        driver.lock.lock();
        try {
            fail("its header was not complete after " + TimeUnit.NANOSECONDS.toMillis(timeout) + " ms");
            driver.flush();
        } finally {
            driver.lock.unlock();
        }
    }

    @Override
    public void onData(MuxStream from, ByteBuffer payload) {
        if (over) return;
        boolean complete;
        try {
            complete = header.read(payload);
        } catch (IllegalArgumentException e) {
            fail(String.valueOf(e.getMessage()));
            return;
        }
        if (!complete) return;
        end();
        StreamHandler handler = next.begin(stream);
        if (handler == null) {
            stream.reset(0);
            return;
        }
        stream.handler(handler);
        if (payload.hasRemaining()) handler.onData(stream, payload);
    }

    private void fail(String why) {
        if (over) return;
        end();
        stream.reset(0);
        next.failed(why);
    }

    private void end() {
        over = true;
        Loop loop = driver.loop();
        if (loop.isCurrent()) timer.cancel();
        else loop.execute(timer::cancel); // timers belong to the loop
    }

    @Override
    public void onBuffered(MuxStream from) {
        // A header takes all bytes that arrive before it is complete.
    }

    @Override
    public void onFin(MuxStream from) {
        fail("it ended before its header was complete");
    }

    @Override
    public void onReset(MuxStream from, Cause cause) {
        if (over) return;
        end();
        next.failed(cause.message());
    }

    @Override
    public void onWritable(MuxStream from) {}
}
