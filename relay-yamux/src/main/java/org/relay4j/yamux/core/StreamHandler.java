package org.relay4j.yamux.core;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What happens on one stream, told to whoever uses it. Called with the session lock held: it must not block, call user
 * code or throw. An exception is a defect; it resets the stream and nothing else.
 */
public interface StreamHandler {
    /**
     * Bytes arrived, and nothing older is waiting. Takes from {@code payload} what can be passed on at once, which counts
     * as consumed; the rest is kept in the stream's buffer.
     */
    void onData(MuxStream stream, ByteBuffer payload);

    /** Bytes were put into the stream's buffer. */
    void onBuffered(MuxStream stream);

    /** The peer sends no more: what is in the buffer is the end. */
    void onFin(MuxStream stream);

    /**
     * The stream ended without a FIN in both directions: reset, timed out, or lost with its session. As long as bytes that came
     * before the peer's FIN wait to be read, it may be called again, also after {@link #onGone}: when these bytes were dropped,
     * and when the session ends.
     */
    void onReset(MuxStream stream, Cause cause);

    /**
     * The stream has left the session: closed in both directions, which is a cause of null, or reset. Called once; bytes that
     * came before the peer's FIN may still wait to be read. {@link #onReset} may follow.
     */
    default void onGone(MuxStream stream, @Nullable Cause cause) {}

    /** There may be room for sending again, after {@link MuxStream#reserve} had none. */
    void onWritable(MuxStream stream);
}
