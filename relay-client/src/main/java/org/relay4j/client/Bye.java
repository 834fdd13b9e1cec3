package org.relay4j.client;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.OpenState;
import org.relay4j.yamux.core.StreamHandler;
import org.relay4j.yamux.io.Driver;

/**
 * The deliberate end of a tunnel with a lease, which the server would otherwise keep: BYE on a stream of this client. The
 * connection may end when the server has ended that stream, or after a second. With the session's lock held, unless noted.
 */
final class Bye implements StreamHandler {
    private static final byte[] BYE = "BYE\n".getBytes(StandardCharsets.US_ASCII);
    private static final long PATIENCE = 1_000; // ms

    private final Driver driver;
    private @Nullable Runnable then; // ends the connection, without the lock; the strictest requested action
    private boolean begun;
    private boolean over;

    Bye(Driver driver) {
        this.driver = driver;
    }

    /**
     * Sends BYE on the first call, and then ends the connection. A later call replaces the action that ends it. On a thread that
     * may use the session, without the lock. Does not block.
     */
    void then(Runnable end) {
        driver.lock.lock();
        try {
            then = end;
            if (!begun) begin();
            if (over) end();
        } finally {
            driver.lock.unlock();
        }
    }

    private void begin() {
        begun = true;
        long now = System.nanoTime();
        MuxStream stream =
                driver.mux().openState() == OpenState.READY ? driver.mux().open(this, now) : null;
        if (stream == null) { // no memory, or the session has ended: the server keeps the tunnel until its lease ends
            over = true;
            return;
        }
        stream.auxiliary(); // a server that does not answer must not keep the session open
        ByteBuffer space = stream.reserve(BYE.length, now);
        if (space == null || space.remaining() < BYE.length) { // no memory
            over = true;
            stream.reset(0);
            driver.flush();
            return;
        }
        space.put(BYE);
        stream.commit(BYE.length, now);
        stream.closeWrite(now);
        driver.flush();
        CompletableFuture.delayedExecutor(PATIENCE, TimeUnit.MILLISECONDS, driver::afterwards)
                .execute(this::impatient);
    }

    private void impatient() {
        driver.lock.lock();
        try {
            end();
        } finally {
            driver.lock.unlock();
        }
    }

    private void end() {
        over = true;
        Runnable task = then;
        then = null;
        if (task != null) driver.afterwards(task);
    }

    // ---- the stream

    @Override
    public void onData(MuxStream stream, ByteBuffer payload) {
        payload.position(payload.limit()); // its content has no meaning
    }

    @Override
    public void onBuffered(MuxStream stream) {}

    @Override
    public void onFin(MuxStream stream) {
        end();
    }

    @Override
    public void onReset(MuxStream stream, Cause cause) {
        end();
    }

    @Override
    public void onWritable(MuxStream stream) {}
}
