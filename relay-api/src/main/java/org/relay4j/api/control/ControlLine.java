package org.relay4j.api.control;

import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One line of an extended connection: a keyword, and words with or without a value. See section 2 of {@code docs/protocol.md}.
 * Words that a reader does not know are kept, and have no effect. Immutable.
 */
public final class ControlLine {
    /** The longest line, with its LF. Unit: bytes. */
    public static final int LONGEST = 1024;

    private final String keyword;
    private final Map<String, @Nullable String> words; // null: without a value

    private ControlLine(String keyword, Map<String, @Nullable String> words) {
        this.keyword = keyword;
        this.words = Collections.unmodifiableMap(words);
    }

    /** A line that begins with {@code keyword} and has no words yet. */
    public static ControlLine of(String keyword) {
        return new ControlLine(keyword, new LinkedHashMap<>());
    }

    /** This line with one more word behind it. */
    public ControlLine with(String word) {
        return plus(word, null);
    }

    /** This line with one more word and its value behind it. */
    public ControlLine with(String word, Object value) {
        return plus(word, value.toString());
    }

    private ControlLine plus(String word, @Nullable String value) {
        Map<String, @Nullable String> more = new LinkedHashMap<>(words);
        more.put(word, value);
        return new ControlLine(keyword, more);
    }

    /**
     * Reads a line.
     *
     * @param line its first {@code length} bytes, without the LF
     * @throws IllegalArgumentException if it is too long, has other characters than visible ASCII and single spaces, or a word
     *     twice; the message says which
     */
    public static ControlLine parse(byte[] line, int length) {
        if (length >= LONGEST) throw new IllegalArgumentException("the line is longer than " + LONGEST + " bytes");
        for (int i = 0; i < length; i++) {
            if (line[i] < ' ' || line[i] > '~') {
                throw new IllegalArgumentException("byte " + i + " of the line is not a visible ASCII character");
            }
        }
        String[] tokens = new String(line, 0, length, StandardCharsets.US_ASCII).split(" ", -1);
        Map<String, @Nullable String> words = new LinkedHashMap<>();
        for (int i = 0; i < tokens.length; i++) {
            String token = tokens[i];
            if (token.isEmpty()) throw new IllegalArgumentException("words are separated by one space");
            if (i > 0) add(words, token);
        }
        return new ControlLine(tokens[0], words);
    }

    private static void add(Map<String, @Nullable String> words, String token) {
        int sign = token.indexOf('=');
        String word = sign < 0 ? token : token.substring(0, sign);
        if (word.isEmpty()) throw new IllegalArgumentException("a value has no word before it");
        if (words.containsKey(word)) throw new IllegalArgumentException("the word '" + word + "' is repeated");
        words.put(word, sign < 0 ? null : token.substring(sign + 1));
    }

    /** The first word of the line, such as {@code RELAY/1}. */
    public String keyword() {
        return keyword;
    }

    /** The words behind the keyword, in their order, with their values; null for a word without one. Immutable. */
    public Map<String, @Nullable String> words() {
        return words;
    }

    /** True if the line has this word, with or without a value. */
    public boolean has(String word) {
        return words.containsKey(word);
    }

    /** The value of a word; null if the line does not have it, or has it without a value. */
    public @Nullable String value(String word) {
        return words.get(word);
    }

    /** The line as it is sent, with its LF. */
    public byte[] encode() {
        byte[] line = (this + "\n").getBytes(StandardCharsets.US_ASCII);
        if (line.length > LONGEST) throw new IllegalStateException("a line of " + line.length + " bytes is too long");
        return line;
    }

    /** The line without its LF. */
    @Override
    public String toString() {
        StringBuilder line = new StringBuilder(keyword);
        words.forEach((word, value) -> {
            line.append(' ').append(word);
            if (value != null) line.append('=').append(value);
        });
        return line.toString();
    }
}
