package org.relay4j.yamux.core;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * One direction of a long link, in virtual time: what is written waits in a send buffer, as in a kernel, leaves it at the
 * rate of the link, and arrives one delay later.
 */
final class LinkPipe {
    private static final int PIECE = 11 * 1448; // bytes; some packets, so that windows and credit are no multiple of it

    private double rate; // bytes per ns
    private final long delay; // ns
    private final int sendBuffer; // bytes
    private final ArrayDeque<Piece> underWay = new ArrayDeque<>();
    private double free; // ns; when everything that was written will have left

    private record Piece(ByteBuffer bytes, long arrival) {}

    LinkPipe(double bitsPerSecond, long delay, int sendBuffer) {
        rate(bitsPerSecond);
        this.delay = delay;
        this.sendBuffer = sendBuffer;
    }

    void rate(double bitsPerSecond) {
        rate = bitsPerSecond / 8 / 1e9;
    }

    /** Takes what fits into the send buffer. */
    void write(ByteBuffer from, long now) {
        int room = (int) (sendBuffer - Math.max(0, free - now) * rate);
        while (room > 0 && from.hasRemaining()) {
            byte[] bytes = new byte[Math.min(PIECE, Math.min(room, from.remaining()))];
            from.get(bytes);
            room -= bytes.length;
            free = Math.max(free, (double) now) + bytes.length / rate;
            underWay.add(new Piece(ByteBuffer.wrap(bytes), (long) free + delay));
        }
    }

    /** When half of the send buffer will be free, which is when a kernel reports it as writable. */
    long writable() {
        return (long) (free - sendBuffer / 2.0 / rate) + 1;
    }

    /** When the next bytes arrive. */
    long nextArrival() {
        Piece next = underWay.peek();
        return next == null ? Long.MAX_VALUE : next.arrival;
    }

    /** Bytes that have arrived, null when there are none. */
    @Nullable
    ByteBuffer arrived(long now) {
        Piece next = underWay.peek();
        if (next == null || next.arrival > now) return null;
        underWay.remove();
        return next.bytes;
    }
}
