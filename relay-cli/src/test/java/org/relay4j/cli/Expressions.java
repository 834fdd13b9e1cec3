package org.relay4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The PromQL in deploy/, and the metrics of docs/metrics.md. */
final class Expressions {
    static final Path ROOT = Path.of(System.getProperty("relay.root"));
    static final Path RULES = ROOT.resolve("deploy/prometheus/relay-rules.yml");
    static final Path RULES_TEST = ROOT.resolve("deploy/prometheus/relay-rules-test.yml");
    static final Path DASHBOARD = ROOT.resolve("deploy/grafana/relay.json");

    private static final Pattern OF_DASHBOARD = Pattern.compile("\"expr\": \"((?:[^\"\\\\]|\\\\.)*)\"");
    private static final Pattern OF_RULE = Pattern.compile("(?m)^ +expr: (.*)$");
    private static final Pattern METRIC = Pattern.compile("\\b(?:relay|process|jvm)_\\w+");
    private static final Pattern ROW = Pattern.compile("(?m)^\\| `(\\w+)` \\| (\\w+) ");

    private Expressions() {}

    /** Returns the expressions of the dashboard, with the job {@code relay}, all instances and an interval of 1 minute. */
    static List<String> ofDashboard() throws IOException {
        return all(OF_DASHBOARD, DASHBOARD).stream()
                .map(expression -> expression
                        .replace("\\\"", "\"")
                        .replace("$job", "relay")
                        .replace("$instance", ".*")
                        .replace("$__rate_interval", "1m"))
                .toList();
    }

    static List<String> ofRules() throws IOException {
        return all(OF_RULE, RULES);
    }

    /** Returns the names of metrics in expressions. */
    static Set<String> metrics(List<String> expressions) {
        Set<String> names = new TreeSet<>();
        for (String expression : expressions) {
            for (Matcher metric = METRIC.matcher(expression); metric.find(); ) names.add(metric.group());
        }
        return names;
    }

    /** Returns the names of the documented time series. */
    static Set<String> documented() throws IOException {
        Set<String> names = new TreeSet<>();
        Matcher row = ROW.matcher(Files.readString(ROOT.resolve("docs/metrics.md")));
        while (row.find()) {
            boolean summary = row.group(2).equals("summary");
            names.addAll(summary ? List.of(row.group(1) + "_count", row.group(1) + "_sum") : List.of(row.group(1)));
        }
        return names;
    }

    private static List<String> all(Pattern pattern, Path file) throws IOException {
        List<String> found = new ArrayList<>();
        Matcher matcher = pattern.matcher(Files.readString(file));
        while (matcher.find()) found.add(matcher.group(1));
        return found;
    }
}
