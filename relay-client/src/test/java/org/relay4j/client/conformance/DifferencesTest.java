package org.relay4j.client.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The document lists the differences that the suite knows, and no others. */
class DifferencesTest {
    private static final Path DOCUMENT = Path.of(System.getProperty("relay.root"), "docs", "embedding.md");
    private static final String SECTION = "## Differences from a TCP ServerSocket";

    @Test
    void documentListsThemAll() throws IOException {
        List<String> lines = Files.readAllLines(DOCUMENT);
        List<String> section = lines.subList(lines.indexOf(SECTION) + 1, lines.size());
        List<String> titles = section.stream()
                .takeWhile(line -> !line.startsWith("## "))
                .filter(line -> line.startsWith("### "))
                .map(line -> line.substring(4))
                .toList();
        assertEquals(Arrays.stream(Difference.values()).map(Difference::title).toList(), titles);
    }
}
