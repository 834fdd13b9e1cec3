package org.relay4j.benchmarks.cluster;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The results of a run as a table in Markdown, with a column for each part. */
final class Table {
    private static final String NONE = "";

    private record Row(String label, Function<Result, String> value) {}

    private static final List<Row> ROWS = List.of(
            new Row("carried", result -> Boolean.TRUE.equals(result.get("carried")) ? "yes" : "no"),
            new Row("seconds", result -> number(result, "secs")),
            new Row("tunnels", result -> number(result, "tunnels")),
            new Row("tunnels that came / went in a second", result -> pair(result, "came_per_s", "went_per_s")),
            new Row("claim, p50 / p99 ms", result -> quantiles(result, "claim")),
            new Row(
                    "all nodes accept visitors of a new tunnel, p50 / p99 ms",
                    result -> quantiles(result, "all_accept")),
            new Row("all nodes have answered them, p50 / p99 ms", result -> quantiles(result, "all_serve")),
            new Row("visitor at any node, p50 / p99 ms", result -> quantiles(result, "visit")),
            new Row("client of the killed node has noticed, p50 / p99 ms", result -> quantiles(result, "noticed")),
            new Row("it has its tunnel again, p50 / p99 ms", result -> quantiles(result, "granted")),
            new Row("tunnel of the killed node serves again, p50 / p99 ms", result -> quantiles(result, "back")),
            new Row("failed claims / visitors / new tunnels", Table::failures),
            new Row("connections of tunnels lost", result -> number(result, "lost")),
            new Row("answers of another tunnel", result -> number(result, "foreign")),
            new Row("cores of a node, mean / max", result -> pair(result, "cores_node_mean", "cores_node_max")),
            new Row("cores of the store / of the clients", result -> pair(result, "cores_store", "cores_clients")),
            new Row("CPU seconds of a node / of the store", result -> pair(result, "cpu_s_node_mean", "cpu_s_store")),
            new Row("RSS of a node / of the store, MiB", result -> pair(result, "rss_mib_node_mean", "rss_mib_store")));

    private Table() {}

    static String of(List<Result> results) {
        List<String> lines = new ArrayList<>();
        lines.add(line("figure", results, Result::run));
        lines.add("|---|" + "---:|".repeat(results.size()));
        for (Row row : ROWS) {
            if (results.stream().anyMatch(result -> !row.value.apply(result).equals(NONE))) {
                lines.add(line(row.label, results, row.value));
            }
        }
        return String.join("\n", lines);
    }

    private static String line(String label, List<Result> results, Function<Result, String> value) {
        return results.stream().map(value).collect(Collectors.joining(" | ", "| " + label + " | ", " |"));
    }

    private static String quantiles(Result result, String name) {
        return pair(result, name + "_p50_ms", name + "_p99_ms");
    }

    private static String failures(Result result) {
        if (result.get("join_errors") == null) return NONE;
        return number(result, "join_errors") + " / " + pair(result, "visit_errors", "sample_errors");
    }

    private static String pair(Result result, String first, String second) {
        String text = number(result, first);
        return text.equals(NONE) ? NONE : text + " / " + number(result, second);
    }

    private static String number(Result result, String name) {
        if (result.get(name) == null) return NONE;
        double value = result.number(name);
        if (value == Math.rint(value) || value >= 100) return String.format(Locale.ROOT, "%.0f", value);
        return String.format(Locale.ROOT, value >= 10 ? "%.1f" : "%.2f", value);
    }
}
