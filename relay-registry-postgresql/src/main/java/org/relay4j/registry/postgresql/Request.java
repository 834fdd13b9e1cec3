package org.relay4j.registry.postgresql;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.relay4j.server.registry.RegistryException;

/**
 * A request of the store: waits, is carried out by one worker, and has ended at its deadline at the latest.
 *
 * @param <T> of the result
 */
final class Request<T> {
    /** What is done with the database. */
    interface Work<T> {
        /**
         * Does it, and blocks meanwhile.
         *
         * @param deadline by the server's clock, in seconds since 1970
         */
        T run(Connection connection, double deadline) throws SQLException, RegistryException;
    }

    /** What a request is to the others. */
    enum Kind {
        /** May be sent again after a failure. */
        REPEATABLE,
        /** As REPEATABLE, and first in the queue: the fences of the node depend on it. */
        URGENT,
        /** Sent at most once. */
        ONCE,
        /** As REPEATABLE, but the first failure ends it. */
        CHECK
    }

    final Kind kind;
    final Work<T> work;
    final long deadline; // System.nanoTime
    final CompletableFuture<T> result = new CompletableFuture<>();
    volatile boolean sent; // may have reached the server
    volatile @Nullable SQLException lastError;
    private volatile @Nullable Future<?> timer;

    Request(Kind kind, Work<T> work, long deadline) {
        this.kind = kind;
        this.work = work;
        this.deadline = deadline;
    }

    /** Sets what is to be cancelled when the request has ended. */
    void timer(Future<?> timer) {
        this.timer = timer;
        if (result.isDone()) timer.cancel(false);
    }

    long nanosLeft() {
        return deadline - System.nanoTime();
    }

    boolean isOver() {
        return result.isDone() || nanosLeft() <= 0;
    }

    void complete(T value) {
        result.complete(value);
        cancelTimer();
    }

    void fail(Exception e) {
        result.completeExceptionally(e);
        cancelTimer();
    }

    private void cancelTimer() {
        Future<?> timer = this.timer;
        if (timer != null) timer.cancel(false);
    }
}
