package org.relay4j.conformance;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads the JSON of a report strictly: objects to maps, arrays to lists, whole numbers to longs. */
final class JsonReader {
    private final String text;
    private int at;

    private JsonReader(String text) {
        this.text = text;
    }

    static Object parse(String text) {
        JsonReader reader = new JsonReader(text);
        Object value = reader.value();
        reader.skipSpace();
        if (reader.at != text.length()) throw reader.wrong("the end");
        return value;
    }

    private AssertionError wrong(String expected) {
        return new AssertionError(
                "expected " + expected + " at " + at + ": " + text.substring(at, Math.min(text.length(), at + 40)));
    }

    private void skipSpace() {
        while (at < text.length() && Character.isWhitespace(text.charAt(at))) at++;
    }

    private boolean takes(char c) {
        skipSpace();
        if (at >= text.length() || text.charAt(at) != c) return false;
        at++;
        return true;
    }

    private void expect(char c) {
        if (!takes(c)) throw wrong("" + c);
    }

    private Object value() {
        skipSpace();
        if (takes('{')) return object();
        if (takes('[')) return array();
        if (at < text.length() && text.charAt(at) == '"') return string();
        int start = at;
        while (at < text.length() && (Character.isDigit(text.charAt(at)) || text.charAt(at) == '-')) at++;
        if (start == at) throw wrong("a value");
        return Long.valueOf(text.substring(start, at));
    }

    private Map<String, Object> object() {
        Map<String, Object> members = new LinkedHashMap<>();
        if (takes('}')) return members;
        do {
            skipSpace();
            String name = string();
            expect(':');
            if (members.put(name, value()) != null) throw wrong("one member " + name);
        } while (takes(','));
        expect('}');
        return members;
    }

    private List<Object> array() {
        List<Object> values = new ArrayList<>();
        if (takes(']')) return values;
        do {
            values.add(value());
        } while (takes(','));
        expect(']');
        return values;
    }

    private String string() {
        expect('"');
        StringBuilder string = new StringBuilder();
        while (text.charAt(at) != '"') {
            char c = text.charAt(at++);
            if (c < ' ') throw wrong("no control character");
            if (c != '\\') string.append(c);
            else if (text.charAt(at) == 'u') {
                string.append((char) Integer.parseInt(text.substring(at + 1, at + 5), 16));
                at += 5;
            } else string.append(text.charAt(at++));
        }
        at++;
        return string.toString();
    }
}
