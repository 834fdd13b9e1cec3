package org.relay4j.benchmarks.load;

import java.util.Locale;
import java.util.Map;

/** One JSON object on one line, built field by field. */
public final class Json {
    private final StringBuilder text = new StringBuilder("{");

    public Json put(String name, Object value) {
        if (text.length() > 1) {
            text.append(',');
        }
        text.append('"').append(name).append("\":");
        if (value instanceof Double number) {
            text.append(String.format(Locale.ROOT, "%.3f", number));
        } else if (value instanceof Number || value instanceof Boolean || value instanceof Json) {
            text.append(value);
        } else {
            text.append('"').append(escaped(value.toString())).append('"');
        }
        return this;
    }

    public Json put(String name, Map<String, Double> values) {
        Json inner = new Json();
        values.forEach(inner::put);
        return put(name, inner);
    }

    private static String escaped(String raw) {
        StringBuilder out = new StringBuilder(raw.length());
        for (int i = 0; i < raw.length(); i++) {
            char c = raw.charAt(i);
            if (c == '"' || c == '\\') {
                out.append('\\').append(c);
            } else {
                out.append(c < ' ' ? ' ' : c);
            }
        }
        return out.toString();
    }

    @Override
    public String toString() {
        return text + "}";
    }
}
