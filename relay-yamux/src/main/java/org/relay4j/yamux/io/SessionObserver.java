package org.relay4j.yamux.io;

import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.StreamHandler;

/**
 * Decides what becomes of the streams that the peer opens, and observes the session. Called synchronously with the session's lock
 * held, so it must not block, call user code or throw.
 */
public interface SessionObserver {
    /** Called for each stream that the peer opens. Returns the header to read first; null if streams have none. */
    @Nullable
    StreamHeader header();

    /**
     * A stream begins. On the loop.
     *
     * @param header what {@link #header} has returned for it, complete
     * @return the handler of the stream, or null to reset it
     */
    @Nullable
    StreamHandler begin(MuxStream stream, @Nullable StreamHeader header);

    /** The answer to a ping arrived. Unit: nanoseconds. */
    void measured(long roundTrip);

    /** The peer opens no more streams. */
    void goneAway();

    /** The session has ended, and so have its streams. Called once. */
    void ended(Cause cause);
}
