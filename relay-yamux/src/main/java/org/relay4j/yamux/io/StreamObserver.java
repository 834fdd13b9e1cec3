package org.relay4j.yamux.io;

import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.MuxStream;

/**
 * An observer of the streams of a session. Called synchronously with the session's lock held, so it must not block, call user
 * code or throw.
 */
public interface StreamObserver {
    /** A stream that the peer opened was accepted. */
    void accepted(MuxStream stream);

    /** An accepted stream has ended. The cause is null if both ends closed it gracefully. */
    void gone(MuxStream stream, @Nullable Cause cause);

    /** The answer to a ping arrived. Unit: nanoseconds. */
    void measured(long roundTrip);
}
