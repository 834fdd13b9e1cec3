package org.relay4j.api.control;

import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A line of an extended connection: a keyword, and words with or without a value. See section 2 of {@code docs/protocol.md}.
 * Unknown words are kept, and have no effect. A line with the keyword {@code REFUSED} has two words and then free text. Immutable.
 */
public final class ControlLine {
    /** Maximum length of a line, with its LF. Unit: bytes. */
    public static final int LONGEST = 1024;

    private static final String REFUSED = "REFUSED";
    private static final int TEXT_AFTER = 3; // tokens of REFUSED

    private static final Pattern NUMBER = Pattern.compile("0|[1-9][0-9]{0,8}");

    private final String keyword;
    private final Map<String, @Nullable String> words; // null: without a value
    private final String text; // behind the words; usually empty

    private ControlLine(String keyword, Map<String, @Nullable String> words, String text) {
        this.keyword = keyword;
        this.words = Collections.unmodifiableMap(words);
        this.text = text;
    }

    /**
     * Returns a line that begins with {@code keyword} and has no words yet.
     *
     * @throws IllegalArgumentException if the keyword is not visible ASCII
     */
    public static ControlLine of(String keyword) {
        requireVisible("keyword", keyword, false);
        return new ControlLine(keyword, new LinkedHashMap<>(), "");
    }

    /**
     * Returns this line with another word at its end.
     *
     * @throws IllegalArgumentException if the line has this word, or it is not visible ASCII without an equals sign
     */
    public ControlLine with(String word) {
        return plus(word, null);
    }

    /**
     * Returns this line with another word and its value at its end.
     *
     * @throws IllegalArgumentException if the line has this word, or word or value has characters that would change the
     *     meaning of the line: anything but visible ASCII, spaces, or an equals sign in the word
     */
    public ControlLine with(String word, Object value) {
        String text = value.toString();
        requireVisible("value of '" + word + "'", text, true);
        return plus(word, text);
    }

    /** The message does not quote the text, which may be a secret. */
    private static void requireVisible(String what, String text, boolean mayBeEmpty) {
        boolean visible = text.chars().allMatch(c -> c > ' ' && c <= '~');
        if (!visible || (text.isEmpty() && !mayBeEmpty)) {
            throw new IllegalArgumentException(
                    "the " + what + " of a control line must be visible ASCII without spaces");
        }
    }

    private ControlLine plus(String word, @Nullable String value) {
        requireVisible("word", word, false);
        if (word.indexOf('=') >= 0) throw new IllegalArgumentException("the word '" + word + "' has an equals sign");
        if (words.containsKey(word)) throw new IllegalArgumentException("the word '" + word + "' is repeated");
        Map<String, @Nullable String> more = new LinkedHashMap<>(words);
        more.put(word, value);
        return new ControlLine(keyword, more, text);
    }

    /**
     * Returns this line, which must be {@code REFUSED} with two words, with text for people at its end: what is not visible ASCII
     * is replaced, and what does not fit is left out.
     */
    public ControlLine text(String newText) {
        if (!keyword.equals(REFUSED) || words.size() != TEXT_AFTER - 1) {
            throw new IllegalStateException("only REFUSED with two words has a text");
        }
        String visible = newText.replaceAll("[^ -~]", "?");
        int room = LONGEST - 2 - new ControlLine(keyword, words, "").toString().length();
        return new ControlLine(keyword, words, visible.substring(0, Math.min(Math.max(0, room), visible.length())));
    }

    /**
     * Parses a line.
     *
     * @param line a buffer that begins with the line
     * @param length the length of the line without its LF. Unit: bytes
     * @throws IllegalArgumentException if the line is too long, has other characters than visible ASCII and single spaces, or
     *     repeats a word; the message says which
     */
    public static ControlLine parse(byte[] line, int length) {
        if (length >= LONGEST) throw new IllegalArgumentException("the line is longer than " + LONGEST + " bytes");
        for (int i = 0; i < length; i++) {
            if (line[i] < ' ' || line[i] > '~') {
                throw new IllegalArgumentException("byte " + i + " of the line is not a visible ASCII character");
            }
        }
        String whole = new String(line, 0, length, StandardCharsets.US_ASCII);
        boolean refused = whole.startsWith(REFUSED + " ");
        String[] tokens = whole.split(" ", refused ? TEXT_AFTER + 1 : -1);
        int end = refused ? Math.min(TEXT_AFTER, tokens.length) : tokens.length;
        Map<String, @Nullable String> words = new LinkedHashMap<>();
        for (int i = 0; i < end; i++) {
            String token = tokens[i];
            if (token.isEmpty()) throw new IllegalArgumentException("words are separated by one space");
            if (i > 0) add(words, token);
        }
        return new ControlLine(tokens[0], words, end < tokens.length ? tokens[end] : "");
    }

    private static void add(Map<String, @Nullable String> words, String token) {
        int sign = token.indexOf('=');
        String word = sign < 0 ? token : token.substring(0, sign);
        if (word.isEmpty()) throw new IllegalArgumentException("a value has no word before it");
        if (words.containsKey(word)) throw new IllegalArgumentException("the word '" + word + "' is repeated");
        words.put(word, sign < 0 ? null : token.substring(sign + 1));
    }

    /** Returns the first word of the line, such as {@code RELAY/1}. */
    public String keyword() {
        return keyword;
    }

    /** Returns the words after the keyword in order, with their values; null for a word without one. Immutable. */
    public Map<String, @Nullable String> words() {
        return words;
    }

    /** Returns the text of a line with the keyword {@code REFUSED}; empty if it has none, and for all other lines. */
    public String text() {
        return text;
    }

    /** Returns true if the line has this word, with or without a value. */
    public boolean has(String word) {
        return words.containsKey(word);
    }

    /** Returns the value of a word; null if the line does not have the word, or has it without a value. */
    public @Nullable String value(String word) {
        return words.get(word);
    }

    /** Returns the number that is the value of a word; -1 if the line does not have the word, or its value is no number. */
    public int number(String word) {
        String value = words.get(word);
        return value == null ? -1 : parseNumber(value);
    }

    /** Returns the number that a text states: 0 to 999,999,999 in decimal digits, without leading zeros; -1 if it states none. */
    public static int parseNumber(String text) {
        return NUMBER.matcher(text).matches() ? Integer.parseInt(text) : -1;
    }

    /**
     * Returns the line as it is sent, with its LF.
     *
     * @throws IllegalStateException if it is longer than {@link #LONGEST}
     */
    public byte[] encode() {
        byte[] line = (this + "\n").getBytes(StandardCharsets.US_ASCII);
        if (line.length > LONGEST) throw new IllegalStateException("a line of " + line.length + " bytes is too long");
        return line;
    }

    /** Returns the line without its LF. */
    @Override
    public String toString() {
        StringBuilder line = new StringBuilder(keyword);
        words.forEach((word, value) -> {
            line.append(' ').append(word);
            if (value != null) line.append('=').append(value);
        });
        if (!text.isEmpty()) line.append(' ').append(text);
        return line.toString();
    }
}
