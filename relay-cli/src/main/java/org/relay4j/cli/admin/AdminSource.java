package org.relay4j.cli.admin;

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

    /** Adds its metrics. */
    void collect(Families into);
}
