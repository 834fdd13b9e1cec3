package org.relay4j.api.control;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/** Splits the bytes of a control stream into lines. Keeps one line at most. Not safe for use by several threads. */
public final class ControlLines {
    private byte @Nullable [] line; // from the first byte on
    private int length; // bytes of the line that have arrived

    /**
     * Takes bytes up to the end of the next line.
     *
     * @param payload received bytes; those of the line are consumed, or all if the line is not complete yet
     * @return the line; null if it is not complete yet
     * @throws IllegalArgumentException if the line is too long or malformed; the lines that follow must not be read
     */
    public @Nullable ControlLine next(ByteBuffer payload) {
        while (payload.hasRemaining()) {
            if (line == null) line = new byte[ControlLine.LONGEST];
            byte next = payload.get();
            if (next == '\n') {
                int complete = length;
                length = 0;
                return ControlLine.parse(line, complete);
            }
            if (length == ControlLine.LONGEST - 1) {
                throw new IllegalArgumentException("the line is longer than " + ControlLine.LONGEST + " bytes");
            }
            line[length++] = next;
        }
        return null;
    }
}
