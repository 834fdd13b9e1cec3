package org.relay4j.yamux.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.CancelledKeyException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectableChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.MuxStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * A thread that waits for sockets and transfers their bytes. A channel registered with a loop stays there until it is closed
 * or moved to another loop before its session starts.
 * Handlers run on this thread only, must not block, and must not call user code.
 */
public final class Loop {
    /*
     * A pass: wait; call the handler of each ready key; run tasks; accept connections, if there is time; flush each touched
     * session, so that all frames of a pass are sent in one write; run due timers.
     *
     * More than 300 lines because the order of these steps, and what each may do to the others, can only be understood together.
     * Timers, accepting and buffers are classes of their own.
     */

    /** The handler of a key, attached to it. */
    public interface Handler {
        /** The channel is ready for one of the operations that it is registered for. */
        void ready(SelectionKey key);

        /** Closes the channel, because {@link #ready} threw or the loop stops. */
        void abandon(Throwable cause);
    }

    private static final Logger log = LoggerFactory.getLogger(Loop.class);

    /** Room for one of the largest frames and a few small ones. With less, the tail of each frame would need its own write. */
    private static final int READ_BUFFER = MuxStream.LONGEST_FRAME + 32 * 1024; // bytes

    /** Room until a read returns {@link #LONG_READ}. Small messages never need more. */
    private static final int FIRST_READ_BUFFER = 128 * 1024; // bytes

    /**
     * The length of a read after which the buffer grows. Below the capacity, because with TLS a read ends when the room is too
     * small for a record.
     */
    private static final int LONG_READ = FIRST_READ_BUFFER - 32 * 1024; // bytes

    /** Room for the largest datagram. */
    private static final int DATAGRAM_BUFFER = 64 * 1024; // bytes

    private static final int TASKS_PER_PASS = 1024;

    /** An overdue timer shows that this thread did not run. Unit: nanoseconds. */
    private static final long LATE = 20_000_000;

    /** The number of consecutive failures that are logged; after that, one per second. */
    private static final int FAILURES_LOGGED = 10;

    private final Selector selector;
    private final Thread thread;
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean woken = new AtomicBoolean();
    private final Timers timers = new Timers(); // loop thread only
    private final AcceptTurns accepting = new AcceptTurns(System::nanoTime); // loop thread only
    private final ArrayDeque<LoopDriver> touched = new ArrayDeque<>(); // loop thread only
    private @Nullable ByteBuffer readBuffer; // from its first use; loop thread only
    private final LimitedLog handlerFailed = new LimitedLog(log, Level.ERROR, FAILURES_LOGGED);
    private final LimitedLog taskFailed = new LimitedLog(log, Level.ERROR, FAILURES_LOGGED);
    private @Nullable ByteBuffer datagramBuffer; // from its first use; loop thread only
    private final Consumer<SelectionKey> dispatcher = this::dispatch; // kept, so that no pass allocates one
    private volatile boolean stopping;
    private volatile boolean ended;
    private boolean busy; // there is other work than accepting in this pass; loop thread only
    private long now; // ns; cached for this pass, 0 if not yet read; loop thread only

    /** Creates a loop and starts its thread. */
    public Loop(String name, boolean daemon) throws IOException {
        selector = Selector.open();
        thread = new Thread(this::run, name);
        thread.setDaemon(daemon);
        thread.start();
    }

    /** Returns true if the calling thread is the thread of this loop. */
    public boolean isCurrent() {
        return Thread.currentThread() == thread;
    }

    /** Returns false once the loop has stopped or failed. It then runs no more tasks. */
    boolean isRunning() {
        return !ended;
    }

    /** Runs {@code task} on the loop, soon. Safe from any thread. Has no effect once the loop has stopped. */
    public void execute(Runnable task) {
        tasks.add(task);
        if (!isCurrent()) wakeUp();
    }

    /** Runs {@code task} at once if the calling thread is that of this loop, and otherwise like {@link #execute}. */
    public void runOrExecute(Runnable task) {
        if (isCurrent()) task.run();
        else execute(task);
    }

    /** Runs {@code task} like {@link #execute}. Returns false if the loop has ended and will not run it. */
    boolean offer(Runnable task) {
        execute(task);
        return !ended || !tasks.remove(task); // an ending loop still runs its remaining tasks, perhaps this one
    }

    /** Runs {@code task} on the loop after {@code delay} nanoseconds. On the loop's thread only. */
    public Timer schedule(long delay, Runnable task) {
        return timers.add(System.nanoTime() + delay, task);
    }

    /** Returns the number of heap entries of scheduled tasks, including cancelled ones. On the loop's thread only. */
    public int timerCount() {
        return timers.size();
    }

    /** Wakes the selector, so that changed interest sets take effect. Safe from any thread. */
    public void wakeUp() {
        if (!woken.getAndSet(true)) selector.wakeup();
    }

    /** Registers a non-blocking channel. On the loop's thread only. */
    public SelectionKey register(SelectableChannel channel, int interest, Handler handler) throws IOException {
        return channel.register(selector, interest, handler);
    }

    /**
     * Ends the registration of a channel that continues on another loop. The channel must not be registered with this loop
     * again. On the loop's thread only.
     */
    public void deregister(SelectableChannel channel) {
        SelectionKey key = channel.keyFor(selector);
        if (key != null) key.cancel();
    }

    /** Returns whether a channel was deregistered in this pass, so that it cannot be registered yet. On the loop's thread only. */
    public boolean isLeaving(SelectableChannel channel) {
        SelectionKey key = channel.keyFor(selector);
        return key != null && !key.isValid();
    }

    /** Stops the thread and abandons all registered channels. Does not block; see {@link #join}. */
    public void stop() {
        stopping = true;
        selector.wakeup();
    }

    /** Waits until the thread has ended, at most {@code millis} milliseconds. Returns true if it has. */
    public boolean join(long millis) throws InterruptedException {
        thread.join(millis);
        return !thread.isAlive();
    }

    /** Returns the time of the first call in this pass. On the loop's thread only. Unit: nanoseconds of {@link System#nanoTime}. */
    public long now() {
        if (now == 0) now = System.nanoTime();
        return now;
    }

    /** Returns the listeners that have connections to accept. On the loop's thread only. */
    AcceptTurns accepting() {
        return accepting;
    }

    /** Returns the buffer for one read, shared by all sessions of the loop. Its content is processed before the next read. */
    ByteBuffer readBuffer() {
        ByteBuffer buffer = readBuffer;
        if (buffer == null) buffer = ByteBuffer.allocateDirect(FIRST_READ_BUFFER);
        else if (buffer.capacity() == FIRST_READ_BUFFER && buffer.position() >= LONG_READ) {
            buffer = ByteBuffer.allocateDirect(READ_BUFFER);
        }
        readBuffer = buffer;
        return buffer;
    }

    /** Returns the buffer for one datagram while {@link #readBuffer} is in use. Its content is processed before the next one. */
    ByteBuffer datagramBuffer() {
        ByteBuffer buffer = datagramBuffer;
        if (buffer == null) {
            buffer = ByteBuffer.allocateDirect(DATAGRAM_BUFFER);
            datagramBuffer = buffer;
        }
        return buffer;
    }

    /** Schedules a flush of the session at the end of this pass. On the loop's thread only. */
    void touch(LoopDriver driver) {
        touched.add(driver);
    }

    private void run() {
        try {
            while (!stopping) {
                woken.set(false);
                long timeout = timeout();
                now = 0;
                busy = false;
                if (timeout == 0) selector.selectNow(dispatcher);
                else selector.select(dispatcher, timeout);
                busy |= !tasks.isEmpty() || !touched.isEmpty();
                runTasks();
                accepting.run(busy); // behind tasks that make room
                flushTouched();
                if (isLate()) selector.selectNow(dispatcher);
                runTimers();
                flushTouched();
            }
        } catch (IOException | ClosedSelectorException | Error e) {
            log.error("event loop {} has failed", thread.getName(), e);
        } finally {
            ended = true;
            end();
        }
    }

    /**
     * Returns whether timers are overdue by so much that this thread must have been stopped, or had to wait for a processor. What has
     * arrived meanwhile is read before any timeout of a peer is checked: the selector may not have seen it. On Linux, the end of a stop
     * also ends its wait, and then it does not look at the sockets.
     */
    private boolean isLate() {
        return timers.size() > 0 && now() - timers.nextDue() >= LATE;
    }

    /** Returns the milliseconds to wait; 0 means do not wait, Long.MAX_VALUE means no limit. */
    private long timeout() {
        if (!touched.isEmpty() || !tasks.isEmpty()) return 0;
        if (timers.size() == 0) return Long.MAX_VALUE;
        long left = timers.nextDue() - System.nanoTime();
        return left <= 0 ? 0 : left / 1_000_000 + 1;
    }

    private void dispatch(SelectionKey key) {
        Handler handler = (Handler) key.attachment();
        if (!(handler instanceof Listener)) busy = true;
        try {
            // A handler called earlier in this pass may have closed this channel.
            if (key.isValid()) handler.ready(key);
        } catch (CancelledKeyException e) {
            log.trace("key cancelled during dispatch: {}", key);
        } catch (RuntimeException | Error e) {
            handlerFailed.log("unexpected failure of {}", handler, e);
            abandon(handler, e);
        }
    }

    private void runTasks() {
        // Bounded, so that tasks do not starve the sockets.
        for (int n = TASKS_PER_PASS; n > 0; n--) {
            Runnable task = tasks.poll();
            if (task == null) return;
            runSafely(task);
        }
    }

    private void runTimers() {
        for (Runnable task; (task = timers.poll(now())) != null; ) runSafely(task);
    }

    private void runSafely(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            taskFailed.log("unexpected failure on event loop {}", thread.getName(), e);
        }
    }

    private void flushTouched() {
        for (int n = touched.size(); n > 0; n--) {
            LoopDriver driver = touched.poll();
            if (driver == null) return;
            try {
                driver.flushTouched();
            } catch (RuntimeException | Error e) {
                handlerFailed.log("unexpected failure of {}", driver, e);
                abandon(driver, e);
            }
        }
    }

    private void abandon(Handler handler, Throwable cause) {
        try {
            handler.abandon(cause);
        } catch (RuntimeException | Error e) {
            handlerFailed.log("cannot abandon {}", handler, e);
        }
    }

    private void end() {
        while (!tasks.isEmpty()) runTasks();
        List<SelectionKey> keys = new ArrayList<>(selector.keys());
        IOException stopped = new IOException("the event loop was stopped");
        for (SelectionKey key : keys) abandon((Handler) key.attachment(), stopped);
        try {
            selector.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A scheduled task. Loop thread only. */
    public static final class Timer implements Comparable<Timer> {
        private final Timers timers;
        final long due; // ns
        private @Nullable Runnable task; // null after it was run or cancelled

        Timer(Timers timers, long due, Runnable task) {
            this.timers = timers;
            this.due = due;
            this.task = task;
        }

        /** Cancels and releases the task. Has no effect if it has already run. */
        public void cancel() {
            if (task == null) return;
            task = null;
            timers.cancelledOne();
        }

        boolean isOver() {
            return task == null;
        }

        @Nullable
        Runnable take() {
            Runnable taken = task;
            task = null;
            return taken;
        }

        @Override
        public int compareTo(Timer other) {
            return Long.signum(due - other.due);
        }
    }
}
