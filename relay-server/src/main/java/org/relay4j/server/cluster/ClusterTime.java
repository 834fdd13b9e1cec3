package org.relay4j.server.cluster;

/** The clock and the executor of a node. A single thread in production, virtual time in a simulation. */
public interface ClusterTime {
    /** Returns the time, as {@link System#nanoTime} does. Called by any thread. */
    long nanoTime();

    /**
     * Runs a task on the node's executor after a delay.
     *
     * @param nanos the delay in nanoseconds
     * @return cancels the task, unless it has begun
     */
    Runnable schedule(long nanos, Runnable task);

    /** Runs a task on the node's executor: one after the other, in the order of the calls. Called by any thread; does not block. */
    void execute(Runnable task);
}
