package org.relay4j.benchmarks.load;

import java.nio.ByteBuffer;

/** The backend's handling of a connection, selected by its first byte. */
enum Mode {
    /** Echoes all input. */
    ECHO('E'),
    /** Counts the input and reports the count and the time in nanoseconds, each as 8 bytes, big-endian. */
    SINK('S'),
    /** Counts and reports too, and closes the connection if a byte differs from the pattern. */
    CHECKED_SINK('V'),
    /** Sends the pattern endlessly. */
    SOURCE('R'),
    /**
     * Sends only as much of the pattern as fills every window and buffer on the way to a stalled reader, see {@link
     * Sockets#connectStalled}.
     */
    SHORT_SOURCE('T');

    /** Total output of a SHORT_SOURCE. Unit: bytes. */
    static final long SHORT = 768 * 1024;

    private final byte letter;

    Mode(char letter) {
        this.letter = (byte) letter;
    }

    ByteBuffer request() {
        return ByteBuffer.wrap(new byte[] {letter});
    }

    /** A request followed by one byte. */
    ByteBuffer request(byte first) {
        return ByteBuffer.wrap(new byte[] {letter, first});
    }

    boolean isSource() {
        return this == SOURCE || this == SHORT_SOURCE;
    }

    static Mode of(byte letter) {
        for (Mode mode : values()) {
            if (mode.letter == letter) {
                return mode;
            }
        }
        throw new IllegalArgumentException("no mode " + letter);
    }
}
