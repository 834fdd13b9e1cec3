package org.relay4j.server.peer;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.StreamHandler;
import org.relay4j.yamux.io.BandwidthWaiter;
import org.relay4j.yamux.io.Driver;

/**
 * One of the two streams of a {@link PeerBridge}: what it receives is sent by the other one. Its events are called on the loop with
 * the lock of its own session held; what does not fit into the other's frames stays in its buffer, at most one window, and is
 * credited when it has left.
 */
final class BridgeSide implements StreamHandler, BandwidthWaiter {
    private static final int MOST = MuxStream.LONGEST_FRAME; // bytes

    private final PeerBridge bridge;
    private final Driver driver;
    private MuxStream stream;
    private @Nullable BridgeSide other; // once joined
    private @Nullable ByteBuffer first; // sent before anything from the other stream
    private @Nullable Cause resetBehindEnd; // this stream was reset after all its data had been received
    private boolean awaitsBandwidth; // nothing is sent until then
    private boolean finished; // all was received and passed on, and so was FIN

    @SuppressWarnings("NullAway.Init") // the bridge sets the stream before the first event
    BridgeSide(PeerBridge bridge, Driver driver) {
        this.bridge = bridge;
        this.driver = driver;
    }

    Driver driver() {
        return driver;
    }

    void stream(MuxStream opened) {
        stream = opened;
    }

    MuxStream stream() {
        return stream;
    }

    /** Passes on what is received from now on. */
    void join(BridgeSide side) {
        other = side;
    }

    /** Returns whether FIN was received and passed on. */
    boolean isFinished() {
        return finished;
    }

    // ---- data

    @Override
    public void onData(MuxStream from, ByteBuffer payload) {
        BridgeSide to = other;
        if (to == null || bridge.isOver()) return; // it is buffered
        to.driver.lockBeside();
        try {
            to.send(payload);
            to.driver.flush();
        } finally {
            to.driver.lock.unlock();
        }
    }

    @Override
    public void onBuffered(MuxStream from) {
        // the other stream waits for room, or there is none yet
    }

    @Override
    public void onWritable(MuxStream to) {
        if (!sendFirst()) return;
        BridgeSide from = other;
        if (from != null && !bridge.isOver()) from.moveTo(this);
    }

    /** Passes on what was received before the other stream was there. With no lock held. */
    void resume() {
        BridgeSide to = other;
        if (to == null) return;
        to.driver.lock.lock();
        try {
            moveTo(to);
            to.driver.flush();
        } finally {
            to.driver.lock.unlock();
        }
    }

    /** Moves one frame of buffered bytes to a stream that has room, the lock of which is held. The rest waits for its turn. */
    private void moveTo(BridgeSide to) {
        driver.lockBeside();
        try {
            long now = System.nanoTime();
            ByteBuffer waiting = stream.peek();
            int length = waiting == null ? 0 : to.send(waiting);
            if (length > 0) {
                if (stream.isGone() && stream.available() == length) {
                    later(() -> advanceLast(length, now));
                    return;
                }
                stream.advance(length, now);
                if (stream.available() > 0) to.stream.awaitWritable();
            }
            driver.flush(); // credit
            if (stream.atEnd()) later(this::finish);
        } finally {
            driver.lock.unlock();
        }
    }

    /**
     * Marks the last bytes of a stream that has left its session as consumed. The session may end with them, which must not happen in
     * a callback of the other one.
     */
    private void advanceLast(int length, long now) {
        driver.lock.lock();
        try {
            if (stream.available() == length) stream.advance(length, now);
            driver.flush();
        } finally {
            driver.lock.unlock();
        }
        finish();
    }

    /**
     * Sends one frame, if there is room and bandwidth for it, so that one stream takes no more in a turn than others of its session.
     * With the lock held. Returns the number of bytes; {@link #onWritable} continues with the rest.
     */
    private int send(ByteBuffer bytes) {
        if (awaitsBandwidth || !stream.isWritable() || !sendFirst()) return 0;
        int most = driver.takeBandwidth(this, MOST);
        awaitsBandwidth = most == 0;
        if (awaitsBandwidth) return 0; // resumeReading continues
        int length = put(bytes, most);
        driver.giveBandwidthBack(most - length);
        if (length > 0 && bytes.hasRemaining()) stream.awaitWritable();
        return length;
    }

    @Override
    public void resumeReading() {
        awaitsBandwidth = false;
        onWritable(stream);
    }

    private int put(ByteBuffer bytes, int most) {
        return stream.send(bytes, most, System.nanoTime()); // if there is no room, onWritable continues
    }

    /** Begins the stream with bytes that are not counted. With the lock held. */
    void begin(ByteBuffer header) {
        first = header;
        sendFirst();
    }

    private boolean sendFirst() {
        ByteBuffer header = first;
        while (header != null && header.hasRemaining()) {
            int length = put(header, MOST);
            if (length == 0) return false;
            stream.uncount(length);
        }
        first = null;
        return true;
    }

    // ---- the ends

    @Override
    public void onFin(MuxStream from) {
        if (stream.atEnd()) later(this::finish);
    }

    @Override
    public void onReset(MuxStream from, Cause cause) {
        // Incomplete data has been dropped already. A complete reply is still passed on, and then the reset. A visitor
        // that resets wants no reply any more, so its reset is passed on at once.
        boolean complete = from.available() > 0 && !bridge.isVisitor(this);
        if (!cause.kind().endsSession() && complete && other != null) resetBehindEnd = cause;
        else later(() -> bridge.lost(this, cause));
    }

    /** All data was passed on: passes on FIN. With no lock held. */
    private void finish() {
        BridgeSide to = other;
        if (to == null || finished || bridge.isOver()) return;
        if (to.first != null) return; // onWritable sends it, and then this is called again
        finished = true;
        to.driver.lock.lock();
        try {
            to.stream.closeWrite(System.nanoTime());
            to.driver.flush();
        } finally {
            to.driver.lock.unlock();
        }
        Cause reset = resetBehindEnd;
        if (reset != null) bridge.lost(this, reset);
        else bridge.endWhenDone();
    }

    private void later(Runnable task) {
        driver.afterwards(task);
    }
}
