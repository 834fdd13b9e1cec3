package org.relay4j.benchmarks.cluster;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.relay4j.benchmarks.load.Json;

/** The figures of one part of a run, by name. Not safe for use by several threads. */
final class Result {
    private final Map<String, Object> figures = new LinkedHashMap<>();

    /** @param run names the part: a column of the table */
    Result(String run) {
        put("run", run);
    }

    /** @param value a text or a number */
    Result put(String name, Object value) {
        figures.put(name, value);
        return this;
    }

    /** Adds the quantiles of durations under names that begin with {@code name}; nothing but their number if there are none. */
    Result put(String name, Times times) {
        put(name + "_number", times.count());
        if (times.count() == 0) return this;
        put(name + "_p50_ms", times.quantile(0.5));
        put(name + "_p99_ms", times.quantile(0.99));
        return put(name + "_max_ms", times.quantile(1));
    }

    String run() {
        return String.valueOf(figures.get("run"));
    }

    /** Returns a figure; null if this part has none of that name. */
    @Nullable
    Object get(String name) {
        return figures.get(name);
    }

    /** Returns a figure as a number; 0 if this part has none of that name. */
    double number(String name) {
        return figures.get(name) instanceof Number number ? number.doubleValue() : 0;
    }

    /** Returns all figures as one line of JSON. */
    String json() {
        Json json = new Json();
        figures.forEach(json::put);
        return json.toString();
    }
}
