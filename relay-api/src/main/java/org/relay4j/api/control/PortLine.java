package org.relay4j.api.control;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * The first line of a relay server: the public port in decimal, or {@code ERR <code> <text>}. See section 1 of {@code
 * docs/protocol.md}.
 *
 * @param port the public port; 0 in a refusal
 * @param code the reason for a refusal; null if there is a port
 * @param detail the server's explanation of the code
 */
public record PortLine(int port, @Nullable String code, String detail) {
    /** The maximum length of a line, without its LF. Unit: bytes. */
    public static final int LONGEST = 256;

    /** Encodes a line with a port, including its LF. */
    public static byte[] encode(int port) {
        return (port + "\n").getBytes(StandardCharsets.US_ASCII);
    }

    /** Encodes a refusal, including its LF. Control characters are replaced by spaces, and a long detail is truncated. */
    public static byte[] encodeError(String code, String detail) {
        String line = "ERR " + code + " " + detail.replaceAll("\\p{Cntrl}+", " ");
        byte[] text = line.getBytes(StandardCharsets.UTF_8);
        int length = Math.min(text.length, LONGEST);
        // Do not truncate in the middle of a character.
        while (length < text.length && length > 0 && (text[length] & 0xC0) == 0x80) length--;
        byte[] result = new byte[length + 1];
        System.arraycopy(text, 0, result, 0, length);
        result[length] = '\n';
        return result;
    }

    /**
     * Parses a line.
     *
     * @param line a buffer that starts with the line, without its LF
     * @param length the length of the line in bytes
     * @throws IllegalArgumentException if the line is neither a port nor a refusal; the message quotes it
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

    /** Replaces characters that are unsafe on a terminal, because the text is untrusted. */
    private static String clean(String text) {
        String visible = text.replaceAll("[^\\p{Print}\\p{L}\\p{N}]", "?");
        return visible;
    }
}
