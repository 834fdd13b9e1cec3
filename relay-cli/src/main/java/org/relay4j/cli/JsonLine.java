package org.relay4j.cli;

/** One JSON object on one line. It is all ASCII, so it is the same in every charset. Not safe for use by several threads. */
final class JsonLine {
    private final StringBuilder text = new StringBuilder("{");

    JsonLine with(String name, String value) {
        name(name);
        quote(value);
        return this;
    }

    JsonLine with(String name, long value) {
        name(name);
        text.append(value);
        return this;
    }

    JsonLine with(String name, boolean value) {
        name(name);
        text.append(value);
        return this;
    }

    private void name(String name) {
        if (text.length() > 1) text.append(',');
        quote(name);
        text.append(':');
    }

    private void quote(String value) {
        text.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '"' || c == '\\') text.append('\\').append(c);
            else if (c < ' ' || c > '~') text.append(String.format("\\u%04x", (int) c));
            else text.append(c);
        }
        text.append('"');
    }

    /** Returns the object, without a line separator. */
    @Override
    public String toString() {
        return text + "}";
    }
}
