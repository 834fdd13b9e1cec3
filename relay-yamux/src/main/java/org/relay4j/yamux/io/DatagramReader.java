package org.relay4j.yamux.io;

import java.nio.ByteBuffer;

/**
 * Splits the bytes of a stream into datagrams. Each is preceded by its length, 16 bits with the most significant byte first. Keeps
 * no bytes of a datagram: the caller passes them again until the datagram is complete. Not thread-safe.
 */
final class DatagramReader {
    /** The largest datagram, which is that of UDP over IPv4. Unit: bytes. */
    static final int LARGEST = 65_507;

    /** The length before each datagram. Unit: bytes. */
    static final int PREFIX = 2;

    private static final int NONE = -1;

    /** Receives datagrams. */
    @FunctionalInterface
    interface Target {
        /** Returns whether it takes one more datagram now, if there is one. By default, it always does. */
        default boolean ready() {
            return true;
        }

        /** The datagram is between position and limit, and valid until this method returns. */
        void received(ByteBuffer datagram);
    }

    private int high = NONE; // the first byte of a length, if the second was not read
    private int length = NONE; // of the next datagram, if it was read

    /** Consumes the length of the next datagram. Returns true if it is known, at once if it was read before. */
    boolean readLength(ByteBuffer in) {
        while (length == NONE && in.hasRemaining()) {
            int next = in.get() & 0xFF;
            if (high == NONE) high = next;
            else {
                length = (high << 8) | next;
                high = NONE;
            }
        }
        return length != NONE;
    }

    /** Returns true if the length that was read is impossible. Then there is nothing more to read. */
    boolean isMalformed() {
        return length > LARGEST;
    }

    /** Returns the length of the next datagram, after {@link #readLength} has returned true. */
    int length() {
        return length;
    }

    /** The next datagram was read. */
    void next() {
        length = NONE;
    }

    /**
     * Passes on the datagrams that are complete in {@code in}, as long as the target is ready. All other bytes remain, but not the
     * length of an incomplete datagram.
     */
    void read(ByteBuffer in, Target target) {
        int limit = in.limit();
        while (in.hasRemaining() && target.ready()) {
            if (!readLength(in) || isMalformed() || in.remaining() < length) return;
            int end = in.position() + length;
            in.limit(end);
            next();
            try {
                target.received(in);
            } finally {
                in.limit(limit).position(end);
            }
        }
    }
}
