package org.relay4j.api;

import org.jspecify.annotations.Nullable;

/**
 * What a tunnel tells its owner. Called on a thread that may block, one call after the other for a tunnel, never with a lock
 * held. An exception thrown from here is logged and changes nothing.
 */
public interface TunnelListener {
    /** The tunnel stands, for the first time or again: visitors can come. */
    default void up(Tunnel tunnel) {}

    /**
     * The tunnel has ended.
     *
     * @param cause why; null when this side closed it
     * @param willRetry true when it is being re-established: either {@link #up} follows, or, when the tunnel is closed
     *     before that, a second {@code down} with a cause of null
     */
    default void down(Tunnel tunnel, @Nullable Throwable cause, boolean willRetry) {}
}
