package org.relay4j.api.control;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * A fuzz target: the lines of an extended connection. A line that is accepted is written as it was read, and its words are those
 * of the text. {@code CONTRIBUTING.md} has the command; {@link ControlLineFuzzTest} replays what was found.
 */
public final class ControlLineFuzz {
    private ControlLineFuzz() {}

    /** The name and the parameter are those that Jazzer looks for. */
    public static void fuzzerTestOneInput(byte[] input) {
        readAll(ByteBuffer.wrap(input));
        ControlLine line;
        try {
            line = ControlLine.parse(input, input.length);
        } catch (IllegalArgumentException e) {
            return;
        }
        byte[] encoded = line.encode();
        check(encoded.length <= ControlLine.LONGEST, "too long");
        check(
                Arrays.equals(
                        encoded,
                        Arrays.copyOf((new String(input, US_ASCII) + "\n").getBytes(US_ASCII), encoded.length)),
                "another text");
        ControlLine copy = ControlLine.of(line.keyword());
        for (var word : line.words().entrySet()) {
            String value = word.getValue();
            copy = value == null ? copy.with(word.getKey()) : copy.with(word.getKey(), value);
        }
        check(copy.toString().equals(line.toString()), "other words");
    }

    /** As on a control stream: everything is consumed, up to a line that is refused. */
    private static void readAll(ByteBuffer input) {
        ControlLines lines = new ControlLines();
        try {
            for (ControlLine next; (next = lines.next(input)) != null; )
                check(next.encode().length <= ControlLine.LONGEST, "too long");
            check(!input.hasRemaining(), "bytes were left");
        } catch (IllegalArgumentException e) {
            // the stream is reset
        }
    }

    private static void check(boolean holds, String otherwise) {
        if (!holds) throw new AssertionError(otherwise);
    }
}
