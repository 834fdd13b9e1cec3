package org.relay4j.yamux.core;

import org.jspecify.annotations.Nullable;

/**
 * The events of a session. All methods are called with the session lock held; they must not block, call user code or
 * throw.
 */
public interface SessionEvents {
    /** Called when the peer has opened a stream. Returns the handler of the stream, or null to refuse it with RST. */
    @Nullable
    StreamHandler onStream(MuxStream stream);

    /**
     * Called when {@link Multiplexer#openState} is no longer WAIT: a stream can be opened now, or never again. Called
     * once for each {@link Multiplexer#awaitOpenable}, unless the session ends.
     */
    void onOpenable();

    /** Called when the answer to a ping has arrived. Unit: nanoseconds. */
    void onPong(long roundTrip);

    /** Called when the peer has announced that it accepts no more streams. Open streams continue. */
    void onGoAway();

    /** Called once when the session has ended, after all streams have been notified. */
    void onEnd(Cause cause);
}
