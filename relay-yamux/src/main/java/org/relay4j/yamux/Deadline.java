package org.relay4j.yamux;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import org.relay4j.yamux.io.Bounds;

/** The point in time at which a wait times out; a timeout of zero means never. */
final class Deadline {
    private final long end; // ns
    private final boolean none;

    Deadline(Duration timeout) {
        none = timeout.isZero();
        end = none ? 0 : System.nanoTime() + Bounds.nanos(timeout);
    }

    /** Waits for a signal. Called with the lock of {@code condition} held. */
    @SuppressWarnings("WaitNotInLoop") // the caller loops
    void await(Condition condition, String message) throws IOException {
        try {
            if (none) condition.await();
            else {
                long left = end - System.nanoTime();
                if (left <= 0) throw new SocketTimeoutException(message);
                condition.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            InterruptedIOException interrupted = new InterruptedIOException("interrupted while waiting");
            interrupted.initCause(e);
            throw interrupted;
        }
    }
}
