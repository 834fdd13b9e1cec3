package org.relay4j.testing;

import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;
import java.util.Random;

/**
 * One direction of an emulated link. All bytes are kept in one ring of direct memory, from the read to the write. A
 * piece enters the link after the pieces before it, and is written when its delay has passed.
 */
final class LinkDirection {
    /** Limit of the transmission time that a blocked sender regains after the thread ran late. Unit: ns. */
    private static final double CATCH_UP = 20e6;

    private static final int MOST_PIECES = 16 * 1024;

    private enum End {
        NONE,
        FIN,
        RESET
    }

    private final LinkSettings settings;
    private final SelectionKey from;
    private final SelectionKey to;
    private final ByteBuffer ring;
    private final Random random;
    private final long[] arrivals = new long[MOST_PIECES]; // ns; a ring too
    private final long[] ends = new long[MOST_PIECES]; // where each piece ends, in bytes since the beginning
    private int firstPiece;
    private int pieces;
    private long read; // bytes since the beginning
    private long arrived; // bytes
    private long written; // bytes
    private int mostHeld; // bytes
    private double free; // ns; when all bytes read so far will have entered the link
    private long lastArrival; // ns
    private boolean full; // the sender is blocked
    private boolean blocked; // the receiver's socket buffer is full
    private End end = End.NONE; // the event after the last piece
    private boolean ended; // end was passed on

    LinkDirection(LinkSettings settings, SelectionKey from, SelectionKey to, long now, long seed) {
        this.settings = settings;
        this.from = from;
        this.to = to;
        ring = ByteBuffer.allocateDirect(settings.memory());
        random = new Random(seed);
        free = now;
        lastArrival = now;
    }

    /** Moves all bytes that can be moved; false if the connection was reset. */
    boolean move(long now) {
        if (ended) return true;
        arrive(now);
        try {
            write();
        } catch (IOException e) {
            return false;
        }
        if (end == End.NONE) read(now);
        interest(from, SelectionKey.OP_READ, end == End.NONE && !full);
        interest(to, SelectionKey.OP_WRITE, blocked);
        return written < read || end == End.NONE || lastArrival > now || passEnd();
    }

    /** Returns the time of the next action that needs no socket event. Unit: ns. */
    long next() {
        if (ended) return Long.MAX_VALUE;
        long next = Long.MAX_VALUE;
        if (pieces > 0) next = arrivals[firstPiece];
        else if (end != End.NONE && !blocked) next = lastArrival;
        // If the ring is full because the receiver does not read, no time can be given.
        if (full && end == End.NONE && hasMemory()) next = Math.min(next, roomAt());
        return next;
    }

    boolean isEnded() {
        return ended;
    }

    int mostHeld() {
        return mostHeld;
    }

    private boolean hasMemory() {
        return ring.capacity() - (read - written) >= settings.piece() && pieces < MOST_PIECES;
    }

    /** Returns the time at which the buffer in front of the link has room for a piece. */
    private long roomAt() {
        return (long) (free - settings.time(settings.buffer() - settings.piece()));
    }

    private void read(long now) {
        boolean waited = full;
        full = false;
        try {
            while (!full) {
                full = !hasMemory() || roomAt() > now;
                if (full) return;
                int at = (int) (read % ring.capacity());
                int most = Math.min(settings.piece(), ring.capacity() - at);
                int length = channel(from).read(ring.limit(at + most).position(at));
                if (length < 0) endWith(End.FIN, now);
                if (length <= 0) return;
                add(length, waited ? now - CATCH_UP : now, now);
                if (length < most) return;
            }
        } catch (IOException e) {
            endWith(End.RESET, now);
        }
    }

    private void add(int length, double earliest, long now) {
        free = Math.max(free, earliest) + settings.time(length);
        long jitter = settings.jitter() == 0 ? 0 : random.nextLong(settings.jitter());
        lastArrival = Math.max(lastArrival, (long) Math.ceil(free) + settings.delay() + jitter);
        lastArrival = Math.max(lastArrival, now);
        read += length;
        int last = (firstPiece + pieces++) % MOST_PIECES;
        arrivals[last] = lastArrival;
        ends[last] = read;
        mostHeld = Math.max(mostHeld, (int) (read - written));
    }

    private void endWith(End how, long now) {
        end = how;
        lastArrival = Math.max(lastArrival, now + settings.delay());
    }

    private void arrive(long now) {
        while (pieces > 0 && arrivals[firstPiece] <= now) {
            arrived = ends[firstPiece];
            firstPiece = (firstPiece + 1) % MOST_PIECES;
            pieces--;
        }
    }

    private void write() throws IOException {
        blocked = false;
        while (written < arrived && !blocked) {
            int at = (int) (written % ring.capacity());
            int most = (int) Math.min(arrived - written, ring.capacity() - at);
            int length = channel(to).write(ring.limit(at + most).position(at));
            written += length;
            blocked = length < most;
        }
    }

    private boolean passEnd() {
        ended = true;
        if (end == End.RESET) return false;
        try {
            channel(to).shutdownOutput();
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** Resets a connection. */
    static void reset(SocketChannel channel) {
        try (channel) {
            channel.setOption(StandardSocketOptions.SO_LINGER, 0);
        } catch (IOException e) {
            // already closed
        }
    }

    private static void interest(SelectionKey key, int operation, boolean wanted) {
        int before = key.interestOps();
        int after = wanted ? before | operation : before & ~operation;
        if (before != after) key.interestOps(after);
    }

    private static SocketChannel channel(SelectionKey key) {
        return (SocketChannel) key.channel();
    }
}
