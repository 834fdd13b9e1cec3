package org.relay4j.yamux.io;

import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.MuxStream;

/**
 * Observes the streams of a session. Called at once, with the session's lock held: an observer must not block, call user code
 * or throw.
 */
public interface StreamObserver {
    /** A stream that the peer opened was accepted. */
    void accepted(MuxStream stream);

    /** A stream that was accepted has ended; the cause is null when both ends had closed it. */
    void gone(MuxStream stream, @Nullable Cause cause);

    /** The answer to a ping arrived. Unit: nanoseconds. */
    void measured(long roundTrip);
}
