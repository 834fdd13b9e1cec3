package org.relay4j.jetty;

import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import org.eclipse.jetty.util.component.ContainerLifeCycle;
import org.eclipse.jetty.util.thread.ExecutionStrategy;
import org.eclipse.jetty.util.thread.Invocable;
import org.eclipse.jetty.util.thread.strategy.AdaptiveExecutionStrategy;
import org.jspecify.annotations.Nullable;

/**
 * The queue of notices that a stream can be read or written: it takes the place of a selector. One thread of the pool always
 * waits here, because all other threads may be blocked in writes that only a notice can resume. The {@link
 * Invocable.InvocationType} of a notice says whether it may block; Jetty's strategy chooses the thread accordingly.
 *
 * <p>Holds at most two notices for each connection.
 */
final class Notices extends ContainerLifeCycle implements Executor, ExecutionStrategy.Producer {
    private static final Invocable.Task END = Invocable.from(Invocable.InvocationType.NON_BLOCKING, () -> {});

    private final BlockingQueue<Runnable> waiting = new LinkedBlockingQueue<>();
    private final Executor pool;
    private final AdaptiveExecutionStrategy strategy;

    Notices(Executor pool) {
        this.pool = pool;
        strategy = new AdaptiveExecutionStrategy(this, pool);
        addBean(strategy);
    }

    @Override
    protected void doStart() throws Exception {
        super.doStart();
        waiting.clear();
        pool.execute(strategy::produce);
    }

    @Override
    protected void doStop() throws Exception {
        waiting.add(END);
        super.doStop();
    }

    /** Adds a notice. Does not block: the caller is an event loop. */
    @Override
    public void execute(Runnable notice) {
        waiting.add(notice);
    }

    /** Waits for the next notice. Returns null to end the strategy. */
    @Override
    @SuppressWarnings("ReferenceEquality") // the end is one object
    public @Nullable Runnable produce() {
        Runnable next = take();
        if (next != END) return next;
        waiting.add(END); // for another thread that may be waiting too
        return null;
    }

    /** An interrupt does not end the wait: a handler that ran on this thread may have left the flag set. */
    private Runnable take() {
        while (true) {
            try {
                return waiting.take();
            } catch (InterruptedException e) {
                // Taken back; END is what stops this thread.
            }
        }
    }
}
