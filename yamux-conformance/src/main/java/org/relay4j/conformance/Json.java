package org.relay4j.conformance;

import java.util.List;

/** JSON formatting of values. */
final class Json {
    private Json() {}

    static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') quoted.append('\\').append(c);
            else if (c < ' ') quoted.append(String.format("\\u%04x", (int) c));
            else quoted.append(c);
        }
        return quoted.append('"').toString();
    }

    /** Returns a member of an object whose value is a string. */
    static String member(String name, String value) {
        return quoted(name) + ":" + quoted(value);
    }

    static String member(String name, long value) {
        return quoted(name) + ":" + value;
    }

    static String strings(List<String> values) {
        return "[" + String.join(",", values.stream().map(Json::quoted).toList()) + "]";
    }
}
