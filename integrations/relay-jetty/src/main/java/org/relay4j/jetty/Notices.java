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
 * What the streams of a connector have to tell, in the place of a selector. A thread of the pool waits for it at all times:
 * when every other thread waits in a write, somebody has to be there to hear that the write can go on. Whether what is to be
 * done may block says its {@link Invocable.InvocationType}, and Jetty's strategy chooses the thread accordingly.
 *
 * <p>No more can wait here than two for each connection.
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

    /** From a thread that must not be held up. */
    @Override
    public void execute(Runnable notice) {
        waiting.add(notice);
    }

    /** Waits for the next notice; null ends the strategy. */
    @Override
    @SuppressWarnings("ReferenceEquality") // the end is one object
    public @Nullable Runnable produce() {
        Runnable next = take();
        if (next != END) return next;
        waiting.add(END); // for another thread that the strategy may have sent to wait
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
