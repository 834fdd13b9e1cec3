package org.relay4j.client;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.StreamHandler;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.LoopDriver;
import org.relay4j.yamux.io.Splice;

/**
 * The handler of a visitor's stream while the backlog of its local service is full. A connect to a Unix-domain socket then fails at
 * once, and nothing tells when there is room, so it is tried again after a pause, until the timeout of a connect. What the visitor
 * sends meanwhile stays in the buffer of the stream. On the loop of the tunnel, with the session's lock held.
 */
final class BusyService implements StreamHandler {
    private static final long SHORTEST = TimeUnit.MILLISECONDS.toNanos(5);
    private static final long LONGEST = TimeUnit.MILLISECONDS.toNanos(100);

    private final LocalVisitor visitor;
    private final LoopDriver driver;
    private final MuxStream stream;
    private final Duration timeout;
    private final long end; // ns of System.nanoTime
    private long pause = SHORTEST; // ns
    private boolean over;
    private Loop.Timer timer;

    /** The failure of such a connect. */
    static final class Failure extends IOException {
        private static final long serialVersionUID = 1L;

        Failure(IOException cause) {
            super(cause.getMessage(), cause);
        }
    }

    BusyService(LocalVisitor visitor, LoopDriver driver, MuxStream stream, Duration timeout) {
        this.visitor = visitor;
        this.driver = driver;
        this.stream = stream;
        this.timeout = timeout;
        end = System.nanoTime() + timeout.toNanos();
        driver.splices();
        timer = driver.loop().schedule(pause, this::tryAgain);
    }

    private void tryAgain() {
        driver.lock.lock();
        try {
            if (!over) connect();
            driver.flush();
        } finally {
            driver.lock.unlock();
        }
    }

    /** Resets the visitor. On the loop, without the lock. */
    void abandon(IOException cause) {
        driver.lock.lock();
        try {
            if (over) return;
            timer.cancel();
            fail(null, cause);
            driver.flush();
        } finally {
            driver.lock.unlock();
        }
    }

    private void connect() {
        Splice splice = visitor.retry();
        IOException full = visitor.full();
        if (splice != null) {
            over = true;
            stream.handler(splice);
            splice.resume();
        } else if (full == null) {
            fail(null, new IOException("the local service cannot be reached")); // which has been reported
        } else if (System.nanoTime() - end >= 0) {
            fail(new IOException("its backlog was full for " + timeout.toMillis() + " ms", full), full);
        } else {
            pause = Math.min(LONGEST, 2 * pause);
            timer = driver.loop().schedule(pause, this::tryAgain);
        }
    }

    private void fail(@Nullable IOException unreachable, IOException failure) {
        over = true;
        stream.reset(0);
        visitor.giveUp(unreachable, failure);
    }

    @Override
    public void onData(MuxStream from, ByteBuffer payload) {}

    @Override
    public void onBuffered(MuxStream from) {}

    @Override
    public void onFin(MuxStream from) {}

    @Override
    public void onReset(MuxStream from, Cause cause) {
        if (over) return;
        over = true;
        timer.cancel();
        stream.closeRead(); // releases the buffer
        visitor.giveUp(null, new IOException(cause.message(), cause.error()));
    }

    @Override
    public void onWritable(MuxStream from) {}
}
