package org.relay4j.yamux.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.CoreOptions;
import org.relay4j.yamux.core.Multiplexer;
import org.relay4j.yamux.core.Role;
import org.relay4j.yamux.core.SessionEvents;

/** Runs a session on a loop over a non-blocking wire, with no thread of its own and no queue between wire and core. */
public final class LoopDriver extends Driver implements Loop.Handler {
    /*
     * A wire with TLS differs from a socket in ways that the selector does not report. Bytes may be decrypted and unread while
     * the socket is quiet: after each read the wire is asked, and if it has input the session is touched and reads again in
     * flushTouched, one buffer at a time, so that other sessions get their turns. Bytes that the core counts as sent may be
     * encrypted and unsent: socketFull is true while the wire cannot flush, and closing and the write-stall timeout count
     * these bytes as output. Progress of such bytes is not seen by the core, so OP_WRITE counts as progress: the socket was
     * full, and the peer has read since.
     *
     * Longer than 300 lines because each of these rules concerns reading, writing and closing together.
     */

    /** Queued output above this size is sent immediately instead of at the end of the pass. Unit: bytes. */
    private static final int FLUSH_AT = 64 * 1024;

    /** Number of turns that waiting streams get before the other sessions of the loop. */
    private static final int ROUNDS = 8;

    private final Loop loop;
    private final Wire wire; // guarded by lock
    private final SocketChannel channel; // of the wire
    private final Multiplexer mux; // guarded by lock
    private final CoreOptions options;
    private boolean spliced; // handlers of streams must run on the loop; guarded by lock
    private boolean touchWaits; // a task that touches the session is in the loop's queue; guarded by lock
    private @Nullable SelectionKey key; // set once by the loop
    private boolean socketFull; // the last write or flush was incomplete, OP_WRITE is set; guarded by lock
    private long fullSince; // ns; if socketFull; guarded by lock
    private boolean touched; // in the loop's list of sessions to flush; loop thread only
    private final LoopClosing closing; // guarded by lock
    private boolean closed; // guarded by lock
    private Loop.@Nullable Timer ticks; // loop thread only
    private @Nullable Throttle throttle; // set before start, if at all
    private final DatagramTurn datagramTurn; // loop thread only
    private boolean paused; // the wire is not read, because the bandwidth is used up; guarded by lock

    /**
     * @param wire connected and non-blocking, after its handshake
     * @param spliced true if the handlers of all streams must run on the loop
     */
    public LoopDriver(Loop loop, Wire wire, Role role, CoreOptions options, SessionEvents events, boolean spliced) {
        this(
                loop,
                wire,
                options,
                spliced,
                new Multiplexer(role, options, BufferPool.shared(), events, System.nanoTime()));
    }

    LoopDriver(Loop loop, Wire wire, CoreOptions options, boolean spliced, Multiplexer mux) {
        this.loop = loop;
        this.wire = wire;
        channel = wire.channel();
        this.options = options;
        this.spliced = spliced;
        this.mux = mux;
        datagramTurn = new DatagramTurn(this);
        mux.nearbyWindow(wire.nearbyWindow());
        closing = new LoopClosing(loop, wire, this::settleLocked);
    }

    @Override
    public Multiplexer mux() {
        return mux;
    }

    /** Limits the bytes that are read from the wire and from spliced sockets. Before {@link #start}. */
    public void limit(Bandwidth bandwidth) {
        throttle = new Throttle(this, bandwidth);
    }

    /** Returns the limit of spliced sockets; null if there is none. */
    @Nullable
    Throttle throttle() {
        return throttle;
    }

    @Override
    public int takeBandwidth(BandwidthWaiter waiter, int most) {
        return throttle == null ? most : throttle.takeFor(waiter, most);
    }

    @Override
    public void giveBandwidthBack(int bytes) {
        if (throttle != null) throttle.giveBack(bytes);
    }

    /** Returns the limit of the datagrams of all streams. On the loop's thread only. */
    DatagramTurn datagramTurn() {
        return datagramTurn;
    }

    /** Returns how long the end of an ended stream may wait for its socket; 0 means without limit. Unit: nanoseconds. */
    long deliveryTimeout() {
        return options.deliveryTimeout();
    }

    /** Returns the loop that serves the session, its streams and their sockets. */
    public Loop loop() {
        return loop;
    }

    /** From now on the handlers of all streams run on the loop. With the lock held. */
    public void splices() {
        spliced = true;
    }

    /**
     * Runs a task that may end streams: on the loop if their handlers must run there, otherwise at once. Without the lock. It must
     * not block.
     */
    public void runForStreams(Runnable task) {
        lock.lock();
        try {
            if (!spliced || loop.isCurrent()) {
                task.run();
                return;
            }
        } finally {
            lock.unlock();
        }
        afterwards(task);
    }

    @Override
    public void afterwards(Runnable task) {
        if (!loop.offer(task)) ProcessTimer.EXECUTOR.execute(task); // both session and loop have ended
    }

    @Override
    public boolean isCurrent() {
        return loop.isCurrent();
    }

    @Override
    public void start() {
        logEvents();
        if (loop.isCurrent()) register();
        else loop.execute(this::register);
    }

    private void register() {
        lock.lock();
        try {
            key = loop.register(channel, SelectionKey.OP_READ, this);
            tickLater();
            if (wire.hasInput()) touch(); // the handshake may have left bytes
            settle();
        } catch (IOException e) {
            mux.fail(lost(e));
            shut();
        } finally {
            lock.unlock();
        }
    }

    // ---- events of the loop

    @Override
    public void ready(SelectionKey ready) {
        lock.lock();
        try {
            if (ready.isWritable()) {
                socketFull = false;
                interest(SelectionKey.OP_WRITE, false);
                closing.wrote(loop.now());
                mux.progressed(loop.now());
                touch();
            }
            if (ready.isReadable()) {
                if (closing.isOpen()) {
                    read();
                    touch();
                } else drain();
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void abandon(Throwable cause) {
        lock.lock();
        try {
            mux.fail(cause instanceof IOException ? lost(cause) : defect(cause));
            shut();
        } finally {
            lock.unlock();
        }
    }

    /** Reads one buffer, or less if the bandwidth is limited. */
    private void read() {
        ByteBuffer buffer = loop.readBuffer().clear();
        Throttle limit = throttle;
        if (limit != null && !reserve(limit, buffer)) return;
        int most = buffer.limit();
        try {
            int length = wire.read(buffer);
            if (limit != null) limit.giveBack(most - Math.max(0, length));
            if (length < 0) mux.endOfInput();
            else mux.receive(buffer.flip(), loop.now());
        } catch (IOException e) {
            mux.fail(lost(e));
        }
    }

    /** Limits the buffer to the bytes that may be read now. Returns false, and stops reading, if there are none. */
    private boolean reserve(Throttle limit, ByteBuffer buffer) {
        int most = limit.takeForConnection(buffer.capacity());
        paused = most == 0;
        if (!paused) buffer.limit(most);
        interest(SelectionKey.OP_READ, !paused);
        return !paused;
    }

    /** Returns true while the wire is not read, because the bandwidth is used up. */
    boolean isPaused() {
        return paused;
    }

    /** The bandwidth permits to read again. */
    void resumeReading() {
        paused = false;
        if (!canRead()) return;
        read();
        touch();
    }

    // ---- sending

    /**
     * Sends queued output. With the lock held. On the loop, the flush is deferred to the end of the pass; any other thread
     * writes directly, which avoids a thread switch.
     */
    @Override
    public void flush() {
        if (loop.isCurrent()) touch();
        else if (spliced || key == null) touchSoon();
        else if (!socketFull) pump();
    }

    /** Sends queued output early if it exceeds {@link #FLUSH_AT}. On the loop's thread, with the lock held. */
    void flushIfMuch() {
        if (!socketFull && mux.queued() >= FLUSH_AT) write();
    }

    /** Does not fill the loop's queue, however often another thread writes. */
    private void touchSoon() {
        if (touchWaits) return;
        touchWaits = true;
        loop.execute(this::touchLocked);
    }

    private void touchLocked() {
        lock.lock();
        try {
            touchWaits = false;
            touch();
        } finally {
            lock.unlock();
        }
    }

    private void touch() {
        if (touched) return;
        touched = true;
        loop.touch(this);
    }

    /** Called at the end of a pass. */
    void flushTouched() {
        lock.lock();
        try {
            touched = false;
            if (wire.hasInput() && canRead()) read();
            pump();
            // If the socket is full, a read may have to wait for it; OP_WRITE touches the session again.
            if (wire.hasInput() && !socketFull && canRead()) touch();
        } finally {
            lock.unlock();
        }
    }

    private boolean canRead() {
        return closing.isOpen() && !closed && key != null && !paused;
    }

    private void pump() {
        if (closed || key == null) return;
        for (int round = 0; !socketFull && write(); round++) {
            if (!mux.resumeWaiting(now()) || !mux.hasOutput()) break;
            if (round == ROUNDS) {
                if (loop.isCurrent()) touch();
                else loop.execute(this::touchLocked);
                break;
            }
        }
        settle();
    }

    /** Writes queued output. Returns true if all was written, false if the socket's send buffer is full or the write failed. */
    private boolean write() {
        long now = now();
        try {
            for (ByteBuffer buffer; (buffer = mux.nextOutput(now)) != null; ) {
                int length = wire.write(buffer);
                boolean all = !buffer.hasRemaining();
                if (length > 0) closing.wrote(now);
                mux.sent(length, now);
                if (all) continue;
                awaitSocket(now);
                return false;
            }
            if (wire.flush()) return true;
            awaitSocket(now);
            return false;
        } catch (IOException e) {
            mux.fail(lost(e));
            return false;
        }
    }

    private void awaitSocket(long now) {
        socketFull = true;
        fullSince = now;
        interest(SelectionKey.OP_WRITE, true);
    }

    private long now() {
        return loop.isCurrent() ? loop.now() : System.nanoTime();
    }

    private void interest(int operation, boolean wanted) {
        SelectionKey current = key;
        if (current == null || !current.isValid()) return;
        int before = current.interestOps();
        int after = wanted ? before | operation : before & ~operation;
        if (before == after) return;
        current.interestOps(after);
        if (!loop.isCurrent()) loop.wakeUp();
    }

    // ---- time

    private void tickLater() {
        ticks = loop.schedule(options.tickInterval(), this::tick);
    }

    private void tick() {
        lock.lock();
        try {
            if (!closing.isOpen()) return;
            // The selector does not report a channel that other code has closed.
            if (!channel.isOpen()) mux.fail(lost(new ClosedChannelException()));
            Loop.Timer current = ticks;
            if (current != null) mux.late(Math.max(0, loop.now() - current.due));
            mux.tick(loop.now());
            checkStall();
            tickLater();
            touch();
        } finally {
            lock.unlock();
        }
    }

    /** Ends the session if bytes wait that the core counts as sent. The core itself checks its own output. */
    private void checkStall() {
        long waiting = socketFull ? loop.now() - fullSince : 0;
        long stall = options.writeStallTimeout();
        if (stall == 0 || waiting < stall) return;
        mux.fail(new Cause(Cause.Kind.TIMEOUT, "the peer has read no data for " + waiting / 1_000_000 + " ms"));
    }

    // ---- closing: flush, shut down our direction, wait for the peer to do the same, close

    private void settleLocked() {
        lock.lock();
        try {
            settle();
        } finally {
            lock.unlock();
        }
    }

    /** Continues closing if the session has ended. */
    private void settle() {
        Cause cause = mux.ended();
        if (cause == null || closed) return;
        if (!loop.isCurrent()) {
            loop.execute(this::touchLocked);
            return;
        }
        if (paused) { // the end of the peer is of interest
            paused = false;
            interest(SelectionKey.OP_READ, true);
        }
        if (closing.next(cause, mux.hasOutput() || socketFull)) shut();
        else if (closing.awaitsSocket() && !socketFull) awaitSocket(loop.now());
    }

    /** Discards data that the peer still sends while the session closes. */
    private void drain() {
        if (closing.drain()) return;
        interest(SelectionKey.OP_READ, false);
        settle();
    }

    private void shut() {
        if (closed) return;
        closed = true;
        if (ticks != null) ticks.cancel();
        if (throttle != null) throttle.stop();
        closing.stop();
        mux.discardOutput();
        wire.close();
        terminated();
    }

    @Override
    public String toString() {
        return "session over " + wire;
    }
}
