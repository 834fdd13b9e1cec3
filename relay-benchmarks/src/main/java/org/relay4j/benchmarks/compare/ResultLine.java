package org.relay4j.benchmarks.compare;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One line of a load generator: its label {@code variant/test/round}, and every number in it. */
final class ResultLine {
    private static final Pattern TOKEN =
            Pattern.compile("\"((?:[^\"\\\\]|\\\\.)*)\"\\s*:\\s*(\\{|\"((?:[^\"\\\\]|\\\\.)*)\"|[^,}\\s]+)|\\}");

    private final String[] label;
    private final Map<String, Double> numbers;

    private ResultLine(String[] label, Map<String, Double> numbers) {
        this.label = label;
        this.numbers = numbers;
    }

    /** Parses a line; empty if it is not a result with a label. */
    static Optional<ResultLine> parse(String line) {
        Map<String, Double> numbers = new HashMap<>();
        String label = "";
        String prefix = ""; // objects are at most one deep: their fields are named outer.inner
        Matcher token = TOKEN.matcher(line);
        while (token.find()) {
            String name = token.group(1);
            String value = token.group(2);
            if (name == null) {
                prefix = "";
            } else if (value.equals("{")) {
                prefix = name + ".";
            } else if (token.group(3) != null) {
                label = name.equals("label") ? token.group(3) : label;
            } else {
                number(value).ifPresent(new Field(numbers, prefix + name)::put);
            }
        }
        String[] parts = label.split("/", -1);
        return parts.length == 3 ? Optional.of(new ResultLine(parts, numbers)) : Optional.empty();
    }

    private static Optional<Double> number(String text) {
        try {
            return Optional.of(Double.valueOf(text));
        } catch (NumberFormatException notOne) {
            return Optional.empty();
        }
    }

    private record Field(Map<String, Double> numbers, String name) {
        void put(double value) {
            numbers.put(name, value);
        }
    }

    String variant() {
        return label[0];
    }

    String test() {
        return label[1];
    }

    String round() {
        return label[2];
    }

    /** Returns the number with that name, or NaN. */
    double number(String... names) {
        double sum = 0;
        for (String name : names) {
            sum += numbers.getOrDefault(name, Double.NaN);
        }
        return sum;
    }
}
