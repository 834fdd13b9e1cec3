package org.relay4j.cli.json;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** One JSON object on one line. It is all ASCII, so it is the same in every charset. Not safe for use by several threads. */
public final class JsonLine {
    private static final String HEX = "0123456789abcdef";

    private final StringBuilder text = new StringBuilder("{");

    /** Adds a string, or null. */
    public JsonLine with(String name, @Nullable String value) {
        name(name);
        if (value == null) text.append("null");
        else quote(text, value);
        return this;
    }

    public JsonLine with(String name, long value) {
        name(name);
        text.append(value);
        return this;
    }

    public JsonLine with(String name, boolean value) {
        name(name);
        text.append(value);
        return this;
    }

    /** Adds a number; null if it is null or not finite, because JSON has no such numbers. */
    public JsonLine with(String name, @Nullable Double value) {
        name(name);
        text.append(value == null || !Double.isFinite(value) ? "null" : value.toString());
        return this;
    }

    /** Adds an object. */
    public JsonLine with(String name, JsonLine value) {
        name(name);
        text.append(value.text).append('}');
        return this;
    }

    /** Adds an array of objects. */
    public JsonLine with(String name, List<JsonLine> values) {
        name(name);
        text.append('[');
        for (int i = 0; i < values.size(); i++) {
            if (i > 0) text.append(',');
            text.append(values.get(i).text).append('}');
        }
        text.append(']');
        return this;
    }

    private void name(String name) {
        if (text.length() > 1) text.append(',');
        quote(text, name);
        text.append(':');
    }

    /** Returns a string as JSON, which is a string of JavaScript too. */
    public static String quoted(String value) {
        StringBuilder quoted = new StringBuilder(value.length() + 2);
        quote(quoted, value);
        return quoted.toString();
    }

    private static void quote(StringBuilder text, String value) {
        text.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '"' || c == '\\') text.append('\\').append(c);
            else if (c < ' ' || c > '~') escape(text, c);
            else text.append(c);
        }
        text.append('"');
    }

    private static void escape(StringBuilder text, char c) {
        text.append("\\u");
        for (int shift = 12; shift >= 0; shift -= 4) text.append(HEX.charAt((c >> shift) & 0xf));
    }

    /** Returns the object, without a line separator. */
    @Override
    public String toString() {
        return text + "}";
    }
}
