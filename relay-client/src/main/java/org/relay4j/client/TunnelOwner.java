package org.relay4j.client;

import org.jspecify.annotations.Nullable;

/** The owner of a tunnel. Called on threads that may block. */
interface TunnelOwner {
    /** The first connection of a tunnel was made, or the first after a loss. The tunnel is not reported as up yet. */
    default void connected() {}

    /** The tunnel has ended for good; the cause is null if it was closed. Called once. */
    void over(@Nullable Throwable cause);
}
