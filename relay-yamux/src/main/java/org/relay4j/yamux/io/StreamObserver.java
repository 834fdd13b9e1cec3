package org.relay4j.yamux.io;

import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.MuxStream;

/**
 * An observer of streams that the application accepts. Called synchronously with the session's lock held, so it must not block,
 * call user code or throw.
 */
public interface StreamObserver {
    /**
     * A stream that the peer opened was accepted.
     *
     * @param header that was read before; null if the stream has none
     * @param reset resets the stream; for any thread that holds no session's lock
     */
    void accepted(Driver driver, MuxStream stream, @Nullable StreamHeader header, Runnable reset);

    /** An accepted stream has ended. The cause is null if both ends closed it gracefully. */
    void gone(MuxStream stream, @Nullable StreamHeader header, @Nullable Cause cause);
}
