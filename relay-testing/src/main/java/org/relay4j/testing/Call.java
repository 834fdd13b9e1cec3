package org.relay4j.testing;

import java.lang.reflect.Method;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A call on its own thread, with a deadline for its outcome. The thread is virtual if the JVM supports it. */
public final class Call<T> {
    /** Like {@link Runnable}, but may fail. */
    @FunctionalInterface
    public interface Action {
        void run() throws Exception;
    }

    private static final AtomicInteger COUNT = new AtomicInteger();
    private static final ThreadFactory THREADS = threads();

    private final CompletableFuture<T> outcome = new CompletableFuture<>();
    private final CompletableFuture<Boolean> flag = new CompletableFuture<>();
    private final Thread thread;

    private Call(Callable<T> body, ThreadFactory threads) {
        thread = threads.newThread(() -> {
            try {
                T result = body.call();
                flag.complete(Thread.currentThread().isInterrupted());
                outcome.complete(result);
            } catch (Throwable e) {
                flag.complete(Thread.currentThread().isInterrupted());
                outcome.completeExceptionally(e);
            }
        });
        thread.start();
    }

    /** Starts a call. */
    public static <T> Call<T> of(Callable<T> body) {
        return new Call<>(body, THREADS);
    }

    /** Starts a call on a thread of the given factory. */
    public static <T> Call<T> on(ThreadFactory threads, Callable<T> body) {
        return new Call<>(body, threads);
    }

    /** Starts a call without a result. */
    public static Call<Void> run(Action body) {
        return of(() -> {
            body.run();
            return null;
        });
    }

    /** Starts a call on a platform thread, on any Java version. */
    public static Call<Void> runOnPlatformThread(Action body) {
        return new Call<>(
                () -> {
                    body.run();
                    return null;
                },
                task -> {
                    Thread platform = new Thread(task, "test-platform-call");
                    platform.setDaemon(true);
                    return platform;
                });
    }

    /** Waits for the result. A failure of the call fails the test. */
    public T result() {
        Throwable failure = ended();
        if (failure != null) throw new AssertionError("the call failed", failure);
        return outcome.join();
    }

    /** Waits for a failure of exactly this type. */
    public <X extends Throwable> X failure(Class<X> type) {
        Throwable failure = ended();
        if (failure == null) throw new AssertionError("returned " + outcome.join() + ", no " + type.getName());
        if (failure.getClass() != type) throw new AssertionError("not a " + type.getName(), failure);
        return type.cast(failure);
    }

    /** Waits until the call blocks in a socket of the library or of the Java runtime. */
    public Call<T> awaitBlocked() {
        Await.until(this::describe, () -> outcome.isDone() || isBlocked());
        if (outcome.isDone()) throw new AssertionError("the call did not wait: " + describe());
        return this;
    }

    /** Interrupts the thread of the call. */
    public void interrupt() {
        thread.interrupt();
    }

    /** Returns whether the thread was interrupted when the call ended. */
    public boolean endedInterrupted() {
        ended();
        return flag.join();
    }

    /** Returns true if the call has returned or failed. */
    public boolean isDone() {
        return outcome.isDone();
    }

    /** Waits for the end; returns the failure, or null. */
    private @Nullable Throwable ended() {
        try {
            outcome.get(Await.DEADLINE.toNanos(), TimeUnit.NANOSECONDS);
            return null;
        } catch (ExecutionException e) {
            return e.getCause();
        } catch (TimeoutException e) {
            throw new AssertionError("the call hangs: " + describe(), e);
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted while waiting for " + describe(), e);
        }
    }

    /** Returns the thread factory. Reflection is needed because classes for Java 17 cannot refer to virtual threads. */
    private static ThreadFactory threads() {
        try {
            Object builder = Thread.class.getMethod("ofVirtual").invoke(null);
            Method factory = Class.forName("java.lang.Thread$Builder").getMethod("factory");
            ThreadFactory virtual = (ThreadFactory) factory.invoke(builder);
            return task -> named(virtual.newThread(task));
        } catch (NoSuchMethodException e) {
            return task -> {
                Thread thread = named(new Thread(task));
                thread.setDaemon(true);
                return thread;
            };
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("virtual threads exist and cannot be made", e);
        }
    }

    private static Thread named(Thread thread) {
        thread.setName("test-call-" + COUNT.incrementAndGet());
        return thread;
    }

    private boolean isBlocked() {
        StackTraceElement[] stack = thread.getStackTrace();
        Thread.State state = thread.getState();
        boolean waits = state == Thread.State.WAITING || state == Thread.State.TIMED_WAITING;
        for (StackTraceElement frame : stack) {
            String where = frame.getClassName();
            if (waits && where.equals("org.relay4j.yamux.Deadline")) return true;
            // A platform thread that waits in the kernel counts as running.
            if (where.equals("sun.nio.ch.NioSocketImpl")) return waits || stack[0].isNativeMethod();
        }
        return false;
    }

    private String describe() {
        StringBuilder text = new StringBuilder(thread.toString()).append(' ').append(outcome);
        for (StackTraceElement frame : thread.getStackTrace())
            text.append("\n    at ").append(frame);
        return text.toString();
    }
}
