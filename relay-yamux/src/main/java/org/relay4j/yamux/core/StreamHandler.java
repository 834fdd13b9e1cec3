package org.relay4j.yamux.core;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * The events of one stream. All methods are called with the session lock held; they must not block, call user code or
 * throw. An exception is a bug; it resets only the stream.
 */
public interface StreamHandler {
    /**
     * Called once for a stream that this end has opened, when the peer has acknowledged it, and before any of its bytes. Not called
     * if the peer resets it at once.
     */
    default void onAcknowledged(MuxStream stream) {}

    /**
     * Called when bytes have arrived and no older ones are buffered. Bytes that the handler takes from {@code payload}
     * count as consumed; the stream buffers the rest.
     */
    void onData(MuxStream stream, ByteBuffer payload);

    /** Called when bytes were added to the stream's buffer. */
    void onBuffered(MuxStream stream);

    /** Called when the peer has sent FIN: the buffered bytes are the last ones. */
    void onFin(MuxStream stream);

    /**
     * Called when the stream has ended without a FIN in both directions: reset, timed out, or lost with its session.
     * While bytes before the peer's FIN are unread it may be called again, even after {@link #onGone}: when these bytes
     * are dropped, and when the session ends.
     */
    void onReset(MuxStream stream, Cause cause);

    /**
     * Called once when the stream has left the session: closed in both directions, in which case the cause is null, or
     * reset. Bytes before the peer's FIN may still be unread. {@link #onReset} may follow.
     */
    default void onGone(MuxStream stream, @Nullable Cause cause) {}

    /** Called when there may be space to send again after {@link MuxStream#reserve} returned null. */
    void onWritable(MuxStream stream);
}
