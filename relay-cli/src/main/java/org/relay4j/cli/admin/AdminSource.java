package org.relay4j.cli.admin;

import org.jspecify.annotations.Nullable;

/** A server or forwarder, as the admin address shows it. Safe for use by several threads. */
interface AdminSource {
    /** Returns whether its threads make progress. Blocks for at most a second. */
    boolean isAlive() throws InterruptedException;

    /**
     * Returns the JSON object of {@code /api/tunnels}.
     *
     * @param draining whether the process is shutting down
     */
    String tunnels(boolean draining);

    /** Returns the JSON object of {@code /api/cluster}; null if this is not a node of a cluster. */
    default @Nullable String cluster() {
        return null;
    }

    /** Adds its metrics. */
    void collect(Families into);
}
