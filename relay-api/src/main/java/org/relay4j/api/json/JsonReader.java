package org.relay4j.api.json;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A strict reader of one JSON text (RFC 8259). Objects are maps, arrays are lists, whole numbers are of type Long, others of
 * type Double. Not safe for use by several threads.
 */
public final class JsonReader {
    private static final int DEEPEST = 32; // objects and arrays within each other

    private final String text;
    private final int deepest;
    private int at; // index of the next character
    private int depth;

    private JsonReader(String text, int deepest) {
        this.text = text;
        this.deepest = deepest;
    }

    /**
     * Reads a text.
     *
     * @throws IllegalArgumentException if it is not JSON, or is nested more than 32 levels deep
     */
    public static @Nullable Object read(String text) {
        return read(text, DEEPEST);
    }

    /**
     * Reads a text.
     *
     * @param deepest how many objects and arrays may be within each other
     * @throws IllegalArgumentException if it is not JSON, or is nested more deeply
     */
    public static @Nullable Object read(String text, int deepest) {
        JsonReader reader = new JsonReader(text, deepest);
        Object value = reader.value();
        reader.space();
        if (reader.at < text.length()) throw reader.bad();
        return value;
    }

    private @Nullable Object value() {
        space();
        char c = peek();
        return switch (c) {
            case '{' -> object();
            case '[' -> array();
            case '"' -> string();
            case 't' -> word("true", true);
            case 'f' -> word("false", false);
            case 'n' -> word("null", null);
            default -> number();
        };
    }

    private Map<String, @Nullable Object> object() {
        enter();
        Map<String, @Nullable Object> members = new LinkedHashMap<>();
        space();
        if (!taken('}')) {
            do {
                space();
                String name = string();
                space();
                take(':');
                members.put(name, value());
                space();
            } while (taken(','));
            take('}');
        }
        depth--;
        return members;
    }

    private List<@Nullable Object> array() {
        enter();
        List<@Nullable Object> items = new ArrayList<>();
        space();
        if (!taken(']')) {
            do {
                items.add(value());
                space();
            } while (taken(','));
            take(']');
        }
        depth--;
        return items;
    }

    private void enter() {
        at++;
        if (++depth > deepest) throw bad();
    }

    private String string() {
        take('"');
        int end = at;
        while (end < text.length() && text.charAt(end) >= ' ' && text.charAt(end) != '"' && text.charAt(end) != '\\')
            end++;
        StringBuilder string = new StringBuilder().append(text, at, end); // all of it, if nothing is escaped
        at = end;
        while (true) {
            char c = peek();
            at++;
            if (c == '"') return string.toString();
            if (c < ' ') throw bad();
            string.append(c == '\\' ? escaped() : c);
        }
    }

    private char escaped() {
        char c = peek();
        at++;
        return switch (c) {
            case '"', '\\', '/' -> c;
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> hex();
            default -> throw bad();
        };
    }

    private char hex() {
        int code = 0;
        for (int i = 0; i < 4; i++) {
            char c = peek();
            int digit = c < 128 ? Character.digit(c, 16) : -1;
            if (digit < 0) throw bad();
            code = code << 4 | digit;
            at++;
        }
        return (char) code;
    }

    private Number number() {
        int start = at;
        while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0) at++;
        String number = text.substring(start, at);
        if (!number.matches("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?")) throw bad();
        try {
            return Long.valueOf(number);
        } catch (NumberFormatException e) {
            return Double.valueOf(number); // has a fraction or an exponent, or is too large
        }
    }

    private @Nullable Object word(String word, @Nullable Object value) {
        if (!text.startsWith(word, at)) throw bad();
        at += word.length();
        return value;
    }

    private void space() {
        while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) at++;
    }

    private char peek() {
        if (at >= text.length()) throw bad();
        return text.charAt(at);
    }

    private boolean taken(char c) {
        if (at >= text.length() || text.charAt(at) != c) return false;
        at++;
        return true;
    }

    private void take(char c) {
        if (!taken(c)) throw bad();
    }

    private IllegalArgumentException bad() {
        return new IllegalArgumentException("not JSON at character " + at);
    }
}
