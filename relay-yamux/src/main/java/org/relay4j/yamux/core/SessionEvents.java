package org.relay4j.yamux.core;

import org.jspecify.annotations.Nullable;

/** What happens on a session. Called with the session lock held: it must not block, call user code or throw. */
public interface SessionEvents {
    /** The peer opened a stream. Returns who handles it, or null to refuse it with RST. */
    @Nullable
    StreamHandler onStream(MuxStream stream);

    /** {@link Multiplexer#openState} is no longer WAIT: a stream can be opened, or never again. Follows each {@link
     * Multiplexer#awaitOpenable} once, unless the session ends. */
    void onOpenable();

    /** The answer to a ping arrived. Unit: nanoseconds. */
    void onPong(long roundTrip);

    /** The peer announced that it takes no more streams; those that are open go on. */
    void onGoAway();

    /** The session is over; each stream has been told before. Called once. */
    void onEnd(Cause cause);
}
