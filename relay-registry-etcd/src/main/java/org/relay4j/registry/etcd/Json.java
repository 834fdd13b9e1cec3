package org.relay4j.registry.etcd;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.relay4j.api.json.JsonReader;

/**
 * An object in an answer of etcd. The gateway leaves out fields with the value 0, false or "", and writes 64-bit numbers as strings.
 * Immutable.
 */
final class Json {
    private static final int DEEPEST = 16; // objects and arrays within each other
    private static final Json NONE = new Json(Map.of());

    private final Map<?, ?> fields; // by name

    private Json(Map<?, ?> fields) {
        this.fields = fields;
    }

    /**
     * Reads a text that is one object.
     *
     * @throws IllegalArgumentException if it is something else, or is nested more than 16 levels deep
     */
    static Json read(String text) {
        if (JsonReader.read(text, DEEPEST) instanceof Map<?, ?> object) return new Json(object);
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
        if (value instanceof Map<?, ?> object) return new Json(object);
        throw bad(name);
    }

    /** Returns an array of objects; an empty one if there is no such field. */
    List<Json> objects(String name) {
        Object value = fields.get(name);
        if (value == null) return List.of();
        if (!(value instanceof List<?> items)) throw bad(name);
        List<Json> objects = new ArrayList<>(items.size());
        for (Object item : items) {
            if (!(item instanceof Map<?, ?> object)) throw bad(name);
            objects.add(new Json(object));
        }
        return objects;
    }

    boolean hasObject(String name) {
        return fields.get(name) instanceof Map<?, ?>;
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
}
