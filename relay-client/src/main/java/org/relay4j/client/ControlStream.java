package org.relay4j.client;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.control.ControlLine;
import org.relay4j.api.control.ControlLines;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.OpenState;
import org.relay4j.yamux.core.StreamHandler;
import org.relay4j.yamux.io.Driver;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The stream for lines about the tunnel: DRAIN from the server, BYE from this client. With the session's lock held, unless noted.
 * A line that is too long or malformed causes a reset of the stream.
 */
final class ControlStream implements StreamHandler {
    /*
     * The server answers the end of this client's direction with the end of its own, after the visitors that it has opened streams
     * for until then. The client therefore ends a connection in three steps, so that no visitor on the way is reset: it asks for no
     * more visitors, with BYE or GoAway, and ends its direction; it waits for the server's end, for a second at most; it ends
     * the session.
     */
    private static final Logger log = LoggerFactory.getLogger(ControlStream.class);
    private static final byte[] BYE = "BYE\n".getBytes(StandardCharsets.US_ASCII);
    private static final long PATIENCE = 1_000; // ms

    private final Driver driver;
    private final ControlLines lines = new ControlLines();
    private final CompletableFuture<Long> draining = new CompletableFuture<>();
    private @Nullable MuxStream stream; // once it was opened; at most one
    private @Nullable Runnable then; // ends the connection, without the lock; the strictest requested action
    private boolean leaving;
    private boolean over;

    ControlStream(Driver driver) {
        this.driver = driver;
    }

    /** Completes, with the lock held, when the server announces that it shuts down: with the time until then, in seconds. */
    CompletionStage<Long> draining() {
        return draining;
    }

    /** Opens the stream, so that the server can write. On a thread that may use the session, without the lock. Does not block. */
    void open() {
        driver.lock.lock();
        try {
            opened();
            driver.flush();
        } finally {
            driver.lock.unlock();
        }
    }

    /** Returns null if there is no memory, or the session has ended. */
    private @Nullable MuxStream opened() {
        if (stream != null) return stream;
        if (driver.mux().openState() != OpenState.READY) return null;
        MuxStream next = driver.mux().open(this, System.nanoTime());
        if (next != null) next.auxiliary(); // a server that does not answer must not keep the session open
        stream = next;
        return next;
    }

    /**
     * Asks the server for no more visitors, and runs {@code end} when all that it has sent are here. A later call only replaces
     * the action. On a thread that may use the session, without the lock. Does not block.
     *
     * @param bye whether the whole tunnel ends; otherwise the server keeps it for another connection
     */
    void leave(boolean bye, Runnable end) {
        driver.lock.lock();
        try {
            then = end;
            if (!leaving) begin(bye);
            if (over) end();
        } finally {
            driver.lock.unlock();
        }
    }

    private void begin(boolean bye) {
        leaving = true;
        long now = System.nanoTime();
        MuxStream lane = opened();
        if (lane == null || lane.isGone() || (bye && !say(lane, BYE, now))) {
            over = true; // the server learns it from the end of the session
            return;
        }
        if (!bye) driver.mux().announceDrain();
        lane.closeWrite(now);
        driver.flush();
        CompletableFuture.delayedExecutor(PATIENCE, TimeUnit.MILLISECONDS, driver::afterwards)
                .execute(this::impatient);
    }

    /** Returns false if there is no memory. */
    private boolean say(MuxStream lane, byte[] line, long now) {
        ByteBuffer space = lane.reserve(line.length, now);
        if (space == null || space.remaining() < line.length) {
            lane.reset(0);
            driver.flush();
            return false;
        }
        space.put(line);
        lane.commit(line.length, now);
        return true;
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
    public void onData(MuxStream same, ByteBuffer payload) {
        try {
            while (!same.isGone()) {
                ControlLine line = lines.next(payload);
                if (line == null) return;
                read(line);
            }
        } catch (IllegalArgumentException e) {
            log.debug("the control stream was reset: {}", e.getMessage());
            same.reset(0);
            if (leaving) end();
        }
    }

    /** Ignores what it does not know. The servers in the line are a hint that a client with one configured server does not need. */
    private void read(ControlLine line) {
        if (!line.keyword().equals("DRAIN") || line.words().isEmpty()) return;
        String first = line.words().keySet().iterator().next();
        long seconds = line.value(first) == null ? ControlLine.parseNumber(first) : -1;
        if (seconds >= 0) draining.complete(seconds);
    }

    @Override
    public void onBuffered(MuxStream same) {
        throw new IllegalStateException("all bytes are taken as they arrive");
    }

    @Override
    public void onFin(MuxStream same) {
        if (leaving) end();
    }

    @Override
    public void onReset(MuxStream same, Cause cause) {
        if (leaving) end();
    }

    @Override
    public void onWritable(MuxStream same) {}
}
