package org.relay4j.documentation;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Java code in the documentation.
 *
 * @param source its file
 * @param line the line it begins on, from 1 on
 * @param code statements
 */
record Sample(Path source, int line, String code) {
    private static final Pattern FENCE = Pattern.compile("(?ms)^```java\\n(.*?)^```$");
    private static final Pattern JAVADOC = Pattern.compile("(?ms)^ *\\* <pre>\\{@code\\n(.*?)^ *\\* }</pre>$");

    /** Those of the Markdown files of a folder. */
    static List<Sample> inMarkdown(Path folder) throws IOException {
        return in(files(folder, 1, ".md"), FENCE);
    }

    /** Those of the Javadoc of all sources below a folder. */
    static List<Sample> inJavadoc(Path folder) throws IOException {
        return in(files(folder, 20, ".java"), JAVADOC);
    }

    private static List<Path> files(Path folder, int depth, String ending) throws IOException {
        try (Stream<Path> files = Files.walk(folder, depth)) {
            return files.filter(file -> file.toString().endsWith(ending))
                    .sorted()
                    .toList();
        }
    }

    private static List<Sample> in(List<Path> files, Pattern pattern) throws IOException {
        List<Sample> samples = new ArrayList<>();
        for (Path file : files) {
            String text = Files.readString(file);
            for (Matcher found = pattern.matcher(text); found.find(); ) {
                int line = 1 + (int) text.substring(0, found.start(1)).lines().count();
                samples.add(new Sample(file, line, withoutStars(found.group(1))));
            }
        }
        return samples;
    }

    private static String withoutStars(String javadoc) {
        return javadoc.lines()
                .map(line -> line.replaceFirst("^ *\\* ?", ""))
                .collect(Collectors.joining("\n", "", "\n"));
    }

    @Override
    public String toString() {
        return source.getFileName() + ":" + line;
    }
}
