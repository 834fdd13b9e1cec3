package org.relay4j.yamux.core;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * One direction of a connection: bytes arrive in their order, but late and in other pieces than they were written in. It
 * follows the frames that it has delivered, with a parser of its own, and so knows which body is in flight.
 */
final class SimulatedWire {
    private final int capacity; // bytes
    private final ArrayDeque<ByteBuffer> segments = new ArrayDeque<>();
    private final ArrayDeque<Long> dues = new ArrayDeque<>(); // ns; when each segment arrives
    private int inFlight; // bytes
    private long lastDue = Long.MIN_VALUE; // ns
    boolean stalled;

    private final byte[] header = new byte[12];
    private int headerLength; // bytes
    private int bodyId;
    private long bodyLeft; // bytes

    SimulatedWire(int capacity) {
        this.capacity = capacity;
    }

    /** Bytes that may be written now. */
    int room() {
        return stalled ? 0 : capacity - inFlight;
    }

    boolean isEmpty() {
        return inFlight == 0;
    }

    void write(byte[] bytes, long due) {
        lastDue = Math.max(lastDue, due);
        segments.add(ByteBuffer.wrap(bytes));
        dues.add(lastDue);
        inFlight += bytes.length;
    }

    /** When the next bytes arrive. */
    long nextDue() {
        Long due = dues.peek();
        return due == null ? Long.MAX_VALUE : due;
    }

    /** The next bytes that have arrived, at most so many; null when there are none. */
    byte @Nullable [] deliver(int most, long now) {
        ByteBuffer first = segments.peek();
        if (first == null || nextDue() > now) return null;
        int length = Math.min(most, first.remaining());
        byte[] piece = new byte[length];
        first.get(piece);
        inFlight -= length;
        if (!first.hasRemaining()) {
            segments.remove();
            dues.remove();
        }
        for (int at = 0; at < length; ) at += follow(piece, at);
        return piece;
    }

    /** Bytes of the body that has arrived in part and belongs to this stream. */
    long bodyUnderWay(int id) {
        return bodyId == id ? bodyLeft : 0;
    }

    private int follow(byte[] piece, int at) {
        if (bodyLeft > 0) {
            int part = (int) Math.min(bodyLeft, piece.length - at);
            bodyLeft -= part;
            return part;
        }
        header[headerLength++] = piece[at];
        if (headerLength == header.length) {
            headerLength = 0;
            bodyId = number(4);
            bodyLeft = header[1] == 0 ? number(8) & 0xFFFF_FFFFL : 0;
        }
        return 1;
    }

    private int number(int at) {
        return ByteBuffer.wrap(header).getInt(at);
    }
}
