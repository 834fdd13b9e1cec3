package org.relay4j.yamux.io;

import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.MuxStream;

/**
 * An observer of the streams of a session. Called synchronously with the session's lock held, so it must not block, call user
 * code or throw.
 */
public interface StreamObserver {
    /**
     * Called for each stream that the peer opens. Returns the header to read before the stream can be accepted; null if streams
     * have none. Only sessions over a {@link Wire} read headers.
     */
    default @Nullable StreamHeader header() {
        return null;
    }

    /** A stream that the peer opened was accepted. {@code header} is what {@link #header} has returned for it. */
    void accepted(MuxStream stream, @Nullable StreamHeader header);

    /** An accepted stream has ended. The cause is null if both ends closed it gracefully. */
    void gone(MuxStream stream, @Nullable StreamHeader header, @Nullable Cause cause);

    /** The answer to a ping arrived. Unit: nanoseconds. */
    void measured(long roundTrip);
}
