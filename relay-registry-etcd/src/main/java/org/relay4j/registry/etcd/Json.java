package org.relay4j.registry.etcd;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An object in an answer of etcd. The gateway leaves out fields with the value 0, false or "", and writes 64-bit numbers as strings.
 * Immutable.
 */
final class Json {
    private static final Json NONE = new Json(Map.of());

    private final Map<String, @Nullable Object> fields;

    private Json(Map<String, @Nullable Object> fields) {
        this.fields = fields;
    }

    /**
     * Reads a text that is one object.
     *
     * @throws IllegalArgumentException if it is something else, or is nested more than 16 levels deep
     */
    static Json read(String text) {
        if (new Reader(text).read() instanceof Json object) return object;
        throw new IllegalArgumentException("not a JSON object");
    }

    /** Returns a number; 0 if there is no such field. Numbers from 2^63 on, which only ids are, come out negative. */
    long number(String name) {
        Object value = fields.get(name);
        if (value == null) return 0;
        if (value instanceof Long number) return number;
        if (value instanceof String text && text.startsWith("-")) return Long.parseLong(text);
        if (value instanceof String text) return Long.parseUnsignedLong(text);
        throw bad(name);
    }

    /** Returns a string; an empty one if there is no such field. */
    String text(String name) {
        Object value = fields.get(name);
        if (value == null) return "";
        if (value instanceof String text) return text;
        throw bad(name);
    }

    boolean flag(String name) {
        Object value = fields.get(name);
        if (value == null) return false;
        if (value instanceof Boolean flag) return flag;
        throw bad(name);
    }

    /** Returns an object; one without fields if there is no such field. */
    Json object(String name) {
        Object value = fields.get(name);
        if (value == null) return NONE;
        if (value instanceof Json object) return object;
        throw bad(name);
    }

    /** Returns an array of objects; an empty one if there is no such field. */
    List<Json> objects(String name) {
        Object value = fields.get(name);
        if (value == null) return List.of();
        if (!(value instanceof List<?> items)) throw bad(name);
        List<Json> objects = new ArrayList<>(items.size());
        for (Object item : items) {
            if (!(item instanceof Json object)) throw bad(name);
            objects.add(object);
        }
        return objects;
    }

    boolean hasObject(String name) {
        return fields.get(name) instanceof Json;
    }

    boolean has(String name) {
        return fields.get(name) != null;
    }

    private static IllegalArgumentException bad(String name) {
        return new IllegalArgumentException("the field \"" + name + "\" has another type");
    }

    /** Writes a string. */
    static void quote(StringBuilder text, String value) {
        text.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '"' || c == '\\') text.append('\\').append(c);
            else if (c < ' ' || c > '~') text.append(String.format("\\u%04x", (int) c));
            else text.append(c);
        }
        text.append('"');
    }

    /** A strict reader of RFC 8259. Recursion and the length of the text are bounded. */
    private static final class Reader {
        private static final int DEEPEST = 16; // objects and arrays within each other

        private final String text;
        private int at; // index of the next character
        private int depth;

        Reader(String text) {
            this.text = text;
        }

        @Nullable
        Object read() {
            Object value = value();
            space();
            if (at < text.length()) throw bad();
            return value;
        }

        private @Nullable Object value() {
            space();
            return switch (peek()) {
                case '{' -> object();
                case '[' -> array();
                case '"' -> string();
                case 't' -> word("true", true);
                case 'f' -> word("false", false);
                case 'n' -> word("null", null);
                default -> number();
            };
        }

        private Json object() {
            enter();
            Map<String, @Nullable Object> members = new LinkedHashMap<>();
            if (!taken('}')) {
                do {
                    space();
                    String name = string();
                    take(':');
                    members.put(name, value());
                } while (taken(','));
                take('}');
            }
            depth--;
            return new Json(members);
        }

        private List<@Nullable Object> array() {
            enter();
            List<@Nullable Object> items = new ArrayList<>();
            if (!taken(']')) {
                do {
                    items.add(value());
                } while (taken(','));
                take(']');
            }
            depth--;
            return items;
        }

        private void enter() {
            at++;
            if (++depth > DEEPEST) throw bad();
        }

        private String string() {
            take('"');
            int end = at;
            while (end < text.length()
                    && text.charAt(end) >= ' '
                    && text.charAt(end) != '"'
                    && text.charAt(end) != '\\') end++;
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
            space();
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
}
