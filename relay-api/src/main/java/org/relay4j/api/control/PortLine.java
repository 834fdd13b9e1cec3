package org.relay4j.api.control;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The first line of a relay server: the public port in decimal, or {@code ERR <code> <text>}. See section 1 of {@code
 * docs/protocol.md}.
 *
 * @param port the public port; 0 in a refusal
 * @param code why there is none; null when there is one
 * @param detail the server's explanation of the code
 */
public record PortLine(int port, @Nullable String code, String detail) {
    /** The longest line that is read, without its LF. Unit: bytes. */
    public static final int LONGEST = 256;

    /** The line that gives a port, with its LF. */
    public static byte[] encode(int port) {
        return (port + "\n").getBytes(StandardCharsets.US_ASCII);
    }

    /** The line that refuses, with its LF. Bytes that would end the line early, or make it too long, are left out. */
    public static byte[] encodeError(String code, String detail) {
        String line = "ERR " + code + " " + detail.replaceAll("\\p{Cntrl}+", " ");
        byte[] text = line.getBytes(StandardCharsets.UTF_8);
        int length = Math.min(text.length, LONGEST);
        // Not in the middle of a character.
        while (length < text.length && length > 0 && (text[length] & 0xC0) == 0x80) length--;
        byte[] result = new byte[length + 1];
        System.arraycopy(text, 0, result, 0, length);
        result[length] = '\n';
        return result;
    }

    /**
     * Reads a line.
     *
     * @param line its first {@code length} bytes, without the LF
     * @throws IllegalArgumentException when it is neither; the message quotes it
     */
    public static PortLine parse(byte[] line, int length) {
        int end = length > 0 && line[length - 1] == '\r' ? length - 1 : length;
        String text = new String(line, 0, end, StandardCharsets.UTF_8);
        if (text.startsWith("ERR ")) {
            String[] words = text.substring(4).split(" ", 2);
            if (words[0].matches("[a-z][a-z0-9-]*")) {
                return new PortLine(0, words[0], words.length > 1 ? clean(words[1]) : "");
            }
        }
        if (text.matches("[0-9]{1,5}")) {
            int port = Integer.parseInt(text);
            if (port >= 1 && port <= 65_535) return new PortLine(port, null, "");
        }
        throw new IllegalArgumentException("\"" + clean(text) + "\"");
    }

    /** What can be shown on a terminal: a stranger wrote it. */
    private static String clean(String text) {
        String visible = text.replaceAll("[^\\p{Print}\\p{L}\\p{N}]", "?");
        return visible;
    }
}
