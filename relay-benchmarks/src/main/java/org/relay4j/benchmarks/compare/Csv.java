package org.relay4j.benchmarks.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The program that prints the metrics of a results file as CSV, one line for each test, metric and variant. The plots are made from it. */
public final class Csv {
    private static final int USAGE_STATUS = 2;

    private final Results results;

    Csv(Results results) {
        this.results = results;
    }

    public static void main(String[] words) throws IOException {
        if (words.length != 1) {
            System.err.println("usage: Csv <results.jsonl>");
            System.exit(USAGE_STATUS);
        }
        System.out.print(new Csv(new Results(Files.readAllLines(Path.of(words[0])))).lines());
    }

    /** Returns all lines, of which the first has the names of the columns. */
    String lines() {
        List<Metric> metrics = new ArrayList<>(Metric.ALL);
        for (Curve curve : Curve.ALL) {
            for (int number : curve.numbers(results)) metrics.addAll(curve.at(number));
        }
        StringBuilder text = new StringBuilder("test,metric,variant,median,min,max\n");
        for (Metric metric : metrics) {
            for (String variant : results.variants()) {
                Sample sample = results.of(metric, variant);
                if (!sample.isEmpty()) text.append(line(metric, variant, sample));
            }
        }
        return text.toString();
    }

    private static String line(Metric metric, String variant, Sample sample) {
        return String.format(
                Locale.ROOT,
                "%s,%s,%s,%.4f,%.4f,%.4f%n",
                metric.test(),
                quoted(metric.title()),
                variant,
                sample.median(),
                sample.min(),
                sample.max());
    }

    private static String quoted(String text) {
        return text.contains(",") || text.contains("\"") ? '"' + text.replace("\"", "\"\"") + '"' : text;
    }
}
