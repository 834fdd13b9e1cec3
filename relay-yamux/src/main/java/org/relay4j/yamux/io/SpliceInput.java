package org.relay4j.yamux.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.MuxStream;

/** The half of a {@link Splice} that reads its socket and sends on its stream. On the loop, with the session's lock held. */
final class SpliceInput {
    /*
     * The socket is read directly into the session's output, one read and so one frame per turn. When the window or the output
     * is full, the socket is not selected for reading until the core calls onWritable.
     * With TLS, bytes may be decrypted and unread while the socket is quiet. The selector does not report them, so they are
     * read in the next pass of the loop, after the other sessions had their turns.
     */
    private static final int READ_MOST = MuxStream.LONGEST_FRAME; // bytes

    private final Splice splice;
    private @Nullable ByteBuffer first; // sent on the stream before anything from the socket
    private int uncounted; // how many of these are left that are not from the socket
    private @Nullable KeptBytes kept; // until the peer has answered, if they are kept
    private boolean ended; // the end was received from the socket, or the socket is no longer read
    private boolean awaitsBandwidth; // the socket is not read until the throttle resumes it
    private @Nullable StallEvent stall;
    private Loop.@Nullable Timer again; // reads what the selector does not report

    SpliceInput(Splice splice) {
        this.splice = splice;
    }

    /**
     * @param firstBytes sent before anything from the socket; null for none
     * @param preamble how many of them are not from the socket, and do not count as its bytes
     */
    void begin(@Nullable ByteBuffer firstBytes, int preamble) {
        uncounted = preamble;
        if (firstBytes != null && !sendFirst(firstBytes)) return;
        if (splice.wire().hasInput()) readAgain();
    }

    /**
     * Keeps all bytes of the connection in {@code in}, unless it is null.
     *
     * @param read bytes that were read before; null for none
     */
    void keep(@Nullable KeptBytes in, @Nullable ByteBuffer read) {
        kept = in;
        if (in != null && read != null) in.add(read, read.position(), read.remaining());
    }

    /** Returns all bytes of the connection, which are kept no longer; null if they were not kept. */
    @Nullable
    ByteBuffer takeKept() {
        KeptBytes all = kept;
        kept = null;
        return all == null ? null : all.take();
    }

    void forgetKept() {
        if (kept != null) kept.drop();
        kept = null;
    }

    boolean hasEnded() {
        return ended;
    }

    boolean awaitsBandwidth() {
        return awaitsBandwidth;
    }

    /** Stops reading the socket. */
    void stop() {
        ended = true;
        splice.interest(SelectionKey.OP_READ, false);
    }

    /** The splice has ended. */
    void close() {
        ended = true;
        forgetKept();
        goesOn();
        if (again != null) again.cancel();
    }

    void read() {
        if (ended || awaitsBandwidth || !splice.isOpen()) return;
        if (first != null && !sendFirst(first)) return;
        Throttle throttle = driver().throttle();
        if (throttle == null) read(READ_MOST);
        else if (stream().hasRoom(READ_MOST, now())) readThrottled(throttle);
        else {
            stream().awaitWritable();
            stalled();
        }
    }

    private void readThrottled(Throttle throttle) {
        int most = throttle.takeFor(splice, READ_MOST);
        if (most > 0) {
            throttle.giveBack(most - Math.max(0, read(most)));
            return;
        }
        awaitsBandwidth = true;
        splice.interest(SelectionKey.OP_READ, false);
    }

    /** The bandwidth permits to read again. */
    void resume() {
        awaitsBandwidth = false;
        read();
    }

    /** Reads once, at most {@code most} bytes. Returns how many. */
    private int read(int most) {
        MuxStream stream = stream();
        ByteBuffer room = stream.reserve(most, now());
        if (room == null) {
            stalled();
            return 0;
        }
        goesOn();
        Wire wire = splice.wire();
        int start = room.position();
        int length;
        try {
            length = wire.read(room);
            if (!wire.flush()) splice.interest(SelectionKey.OP_WRITE, true); // the answer to a key update
        } catch (IOException e) {
            stream.cancel();
            splice.fail(e);
            return 0;
        }
        boolean waits = wire.hasInput();
        boolean more = waits || !room.hasRemaining();
        if (length <= 0) stream.cancel();
        if (length < 0) {
            stop();
            stream.closeWrite(now());
            splice.endWhenDone();
            return 0;
        }
        splice.transferred(length);
        if (kept != null && length > 0) kept.add(room, start, length);
        if (length > 0) stream.commit(length, now());
        driver().flushIfMuch();
        // After a full read, more data is likely. If it cannot be sent now, do not wait for the selector to report it.
        if (more && stream.isWritable() && !stream.hasRoom(READ_MOST, now())) {
            stream.awaitWritable();
            stalled();
        } else {
            splice.interest(SelectionKey.OP_READ, true);
            if (waits) readAgain();
        }
        return length;
    }

    private void readAgain() {
        if (again == null) again = driver().loop().schedule(0, this::readWaiting);
    }

    private void readWaiting() {
        driver().lock.lock();
        try {
            again = null;
            read();
            driver().flush();
        } finally {
            driver().lock.unlock();
        }
    }

    /** Sends the first bytes, or the rest of them. Returns false if they have to wait for room; {@link #read} continues. */
    private boolean sendFirst(ByteBuffer bytes) {
        first = bytes;
        while (bytes.hasRemaining()) {
            int length = stream().send(bytes, bytes.remaining(), now());
            if (length == 0) {
                stalled();
                return false;
            }
            int own = Math.min(length, uncounted);
            stream().uncount(own);
            uncounted -= own;
        }
        first = null;
        return true;
    }

    private void stalled() {
        splice.interest(SelectionKey.OP_READ, false);
        if (stall == null) stall = Stalls.begun(stream());
    }

    private void goesOn() {
        if (stall == null) return;
        stall.ended(driver());
        stall = null;
    }

    private MuxStream stream() {
        return splice.stream();
    }

    private long now() {
        return driver().loop().now();
    }

    private LoopDriver driver() {
        return splice.driver();
    }
}
