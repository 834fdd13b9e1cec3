package org.relay4j.documentation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.relay4j.client.RelayClientOptions;
import org.relay4j.yamux.SessionOptions;

/** The table of timeouts in docs/embedding.md states the defaults of the library. */
class DefaultsTest {
    private static final Path PAGE = Path.of(System.getProperty("relay.root"), "docs", "embedding.md");
    private static final Pattern OPTION = Pattern.compile("`(?:SessionOptions\\.)?(\\w+)`");
    private static final Pattern DURATION = Pattern.compile("(\\d+) (s|min)\\b");

    @Test
    void timeouts() throws Exception {
        Set<String> checked = new HashSet<>();
        for (List<String> row : rows()) {
            Iterator<Duration> stated = DURATION.matcher(row.get(2))
                    .results()
                    .map(DefaultsTest::duration)
                    .iterator();
            for (MatchResult option : OPTION.matcher(row.get(1)).results().toList()) {
                String name = option.group(1);
                Object actual = row.get(1).contains("SessionOptions.")
                        ? option(SessionOptions.defaults(), name)
                        : option(RelayClientOptions.defaults(), name);
                if (actual == null) continue; // setSoTimeout; halfCloseTimeout, which depends on the use of the stream
                assertEquals(stated.next(), actual, name);
                checked.add(name);
            }
        }
        assertTrue(
                checked.containsAll(
                        List.of("connectTimeout", "keepAliveInterval", "keepAliveTimeout", "lingerTimeout")),
                checked::toString);
    }

    /** Returns the cells of the table below the heading "Timeouts", without its head. */
    private static List<List<String>> rows() throws IOException {
        List<String> lines = Files.readAllLines(PAGE);
        return lines.subList(lines.indexOf("## Timeouts") + 1, lines.size()).stream()
                .takeWhile(line -> line.isEmpty() || line.startsWith("|"))
                .filter(line -> !line.isEmpty())
                .skip(2)
                .map(line -> Arrays.asList(line.substring(1).split("\\|")))
                .toList();
    }

    private static Duration duration(MatchResult text) {
        long number = Long.parseLong(text.group(1));
        return text.group(2).equals("s") ? Duration.ofSeconds(number) : Duration.ofMinutes(number);
    }

    private static Object option(Object options, String name) throws ReflectiveOperationException {
        try {
            return options.getClass().getMethod(name).invoke(options);
        } catch (NoSuchMethodException e) {
            return null;
        }
    }
}
