package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The tables of docs/cli.md list each option and exit code, and no others. */
class CommandLinePageTest {
    private static List<String> rows;

    @BeforeAll
    static void read() throws IOException {
        try (Stream<String> lines = Files.lines(Path.of(System.getProperty("relay.root"), "docs/cli.md"))) {
            rows = lines.filter(line -> line.startsWith("| ")).toList();
        }
    }

    @Test
    void options() {
        List<String> listed = rows.stream()
                .filter(row -> row.startsWith("| `--") && row.contains("`RELAY_"))
                .toList();
        assertEquals(Flag.values().length, listed.size(), () -> String.join("\n", listed));
        for (Flag flag : Flag.values()) {
            String option = "| `" + flag + (flag.isSwitch() ? "" : "=<" + flag.parameter() + ">") + "`";
            assertTrue(
                    listed.stream()
                            .anyMatch(row -> row.startsWith(option) && row.contains("`" + flag.variable() + "`")),
                    option);
        }
    }

    @Test
    void arguments() {
        for (String variable : new String[] {ServerAddress.HOST_VARIABLE, ServerAddress.PORT_VARIABLE}) {
            assertTrue(rows.stream().anyMatch(row -> row.contains("`" + variable + "`")), variable);
        }
    }

    @Test
    void exitCodes() {
        List<String> expected = Arrays.stream(ExitCode.values())
                .map(code -> "| " + code.number() + " | " + code.meaning() + " |")
                .toList();
        List<String> listed = rows.stream()
                .filter(row -> row.matches("\\| \\d \\| .*"))
                .map(row -> row.replace("`", ""))
                .toList();
        assertEquals(expected, listed);
    }
}
