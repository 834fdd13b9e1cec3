package org.relay4j.yamux.io;

import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.SessionListener;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.MuxStream;

/**
 * A listener of a session that is also told of its streams, at once. These calls come with the session lock held: they must not
 * block, call user code or throw.
 */
public interface StreamObserver extends SessionListener {
    /** A stream that the peer opened was accepted. */
    void accepted(MuxStream stream);

    /** A stream that was accepted has ended; the cause is null when both ends had closed it. */
    void gone(MuxStream stream, @Nullable Cause cause);

    /** The answer to a ping arrived. Unit: nanoseconds. */
    void measured(long roundTrip);
}
