package org.relay4j.benchmarks.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The program that prints the Markdown tables of a results file: medians of each variant, and ratios of pairs of
 * variants.
 */
public final class Summary {
    private static final int USAGE_STATUS = 2;
    private static final String RELAY = "relay";
    private static final Pattern PAIRS = Pattern.compile("--pairs (\\S+)");

    private final Results results;

    Summary(Results results) {
        this.results = results;
    }

    public static void main(String[] words) throws IOException {
        if (words.length < 1) {
            System.err.println(
                    "usage: Summary <results.jsonl> [<variant>/<other> ...]  (default: those of the heading, or relay with each)");
            System.exit(USAGE_STATUS);
        }
        List<String> lines = Files.readAllLines(Path.of(words[0]));
        Summary summary = new Summary(new Results(lines));
        System.out.print(heading(lines));
        System.out.print(summary.medians());
        System.out.print(
                summary.ratios(words.length > 1 ? List.of(words).subList(1, words.length) : summary.pairs(lines)));
        System.out.print(summary.curves());
        System.out.print(summary.failures());
    }

    /** Returns the comment lines of the file, which start with "#", as Markdown. */
    static String heading(List<String> lines) {
        StringBuilder text = new StringBuilder();
        for (String line : lines) {
            if (line.startsWith("#")) {
                text.append(line.substring(Math.min(2, line.length()))).append('\n');
            }
        }
        return text.toString();
    }

    /** Returns a table of the median of each variant; empty without such results. */
    String medians() {
        List<String> header = new ArrayList<>(List.of("median of " + results.rounds() + " rounds"));
        header.addAll(results.variants());
        StringBuilder rows = new StringBuilder();
        for (Metric metric : Metric.ALL) {
            List<String> row = new ArrayList<>(List.of(metric.title()));
            for (String variant : results.variants()) {
                row.add(metric.format(results.of(metric, variant).median()));
            }
            addUnlessEmpty(rows, row);
        }
        return table(header, rows);
    }

    /** Returns a table for each curve that has results: a row for each number and variant. */
    String curves() {
        StringBuilder text = new StringBuilder();
        for (Curve curve : Curve.ALL) {
            List<String> header = new ArrayList<>(List.of(curve.number(), "variant"));
            curve.metrics().forEach(metric -> header.add(metric.title()));
            StringBuilder rows = new StringBuilder();
            for (int number : curve.numbers(results)) {
                for (String variant : results.variants()) {
                    List<String> row = new ArrayList<>(List.of(String.format(Locale.ROOT, "%,d", number)));
                    for (Metric metric : curve.at(number)) {
                        row.add(metric.format(results.of(metric, variant).median()));
                    }
                    if (row.stream().skip(1).allMatch(String::isEmpty)) continue;
                    row.add(1, variant);
                    addUnlessEmpty(rows, row);
                }
            }
            text.append(table(header, rows));
        }
        return text.toString();
    }

    /** Returns the pairs that the command in the heading has asked for, or else those of Relay with each of the others. */
    List<String> pairs(List<String> lines) {
        Matcher asked = PAIRS.matcher(heading(lines));
        if (asked.find()) return List.of(asked.group(1).split(","));
        return results.variants().stream()
                .filter(variant -> !variant.equals(RELAY))
                .map(other -> RELAY + "/" + other)
                .toList();
    }

    /** Returns a table of ratios within each round: the median and, in brackets, the smallest and the largest. */
    String ratios(List<String> pairs) {
        List<String> header = new ArrayList<>(List.of("ratio per round, median [min-max]"));
        List<String[]> shown = new ArrayList<>();
        for (String pair : pairs) {
            String[] names = pair.split("/", 2);
            if (names.length == 2 && results.variants().containsAll(List.of(names))) {
                shown.add(names);
                header.add(names[0] + " / " + names[1]);
            }
        }
        if (shown.isEmpty()) {
            return "";
        }
        StringBuilder rows = new StringBuilder();
        for (Metric metric : Metric.ALL) {
            List<String> row = new ArrayList<>(List.of(metric.test() + ": " + metric.title()));
            for (String[] names : shown) {
                row.add(format(results.ratio(metric, names[0], names[1])));
            }
            addUnlessEmpty(rows, row);
        }
        return table(header, rows);
    }

    String failures() {
        StringBuilder text = new StringBuilder();
        for (String label : results.failed()) {
            text.append("errors in ").append(label).append('\n');
        }
        return text.toString();
    }

    private static String format(Sample ratio) {
        return ratio.isEmpty()
                ? ""
                : String.format(Locale.ROOT, "%.2f [%.2f-%.2f]", ratio.median(), ratio.min(), ratio.max());
    }

    private static String table(List<String> header, StringBuilder rows) {
        return rows.isEmpty()
                ? ""
                : "\n| " + String.join(" | ", header) + " |\n|---" + "|---:".repeat(header.size() - 1) + "|\n" + rows;
    }

    private static void addUnlessEmpty(StringBuilder table, List<String> row) {
        if (row.stream().skip(1).anyMatch(cell -> !cell.isEmpty())) {
            table.append("| ").append(String.join(" | ", row)).append(" |\n");
        }
    }
}
