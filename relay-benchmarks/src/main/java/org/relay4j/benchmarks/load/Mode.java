package org.relay4j.benchmarks.load;

import java.nio.ByteBuffer;

/** What the backend does with a connection; its first byte says so. */
enum Mode {
    /** Sends everything back. */
    ECHO('E'),
    /** Counts, and reports the count as 8 bytes, big-endian. */
    SINK('S'),
    /** Counts and reports too, and closes the connection when a byte is not that of the pattern. */
    CHECKED_SINK('V'),
    /** Sends the pattern for ever. */
    SOURCE('R'),
    /**
     * Sends no more of the pattern than what fills every window and buffer on the way to somebody who does not read, see
     * {@link Sockets#connectStalled}.
     */
    SHORT_SOURCE('T');

    /** What a SHORT_SOURCE sends. Unit: bytes. */
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
