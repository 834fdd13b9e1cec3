package org.relay4j.yamux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The borders that neither the compiler nor the module system holds, checked in the sources of all modules: the
 * protocol core stays a plain object, virtual threads come through one class, and nobody writes {@code synchronized}.
 */
class LayeringTest {
    private static final Path ROOT = projectRoot();
    private static final Path YAMUX = ROOT.resolve("relay-yamux/src/main/java/org/relay4j/yamux");

    /** What would tie the core to a socket, a thread, a lock, a logger, a clock, or to the layers above it. */
    private static final Pattern OUTSIDE_CORE = Pattern.compile("\\bjava\\.net\\b"
            + "|\\bjava\\.nio\\.channels\\b"
            + "|\\bjava\\.util\\.concurrent\\.locks\\b"
            + "|\\bThread(?:Factory|Local\\w*)?\\b"
            + "|\\bExecutor(?:s|Service)?\\b"
            + "|\\borg\\.slf4j\\b"
            + "|\\borg\\.relay4j\\.(?!yamux\\.core\\b)[\\w.]+"
            + "|\\bSystem\\s*\\.\\s*(?:nanoTime|currentTimeMillis)\\b"
            + "|\\bInstant\\s*\\.\\s*now\\b|\\bClock\\b");

    private static final Pattern VIRTUAL_THREADS = Pattern.compile(
            "ofVirtual|OfVirtual|startVirtualThread|newVirtualThreadPerTaskExecutor|Thread\\$Builder|\\bisVirtual\\b");

    private static final Pattern SYNCHRONIZED = Pattern.compile("\\bsynchronized\\b");

    private static final Pattern COMMENT_OR_LITERAL = Pattern.compile(
            "//[^\\n]*|/\\*.*?\\*/"
                    + "|\"\"\"(?:[^\"\\\\]++|\\\\.|\"(?!\"\"))*+\"\"\""
                    + "|\"(?:[^\"\\\\\\n]++|\\\\.)*+\""
                    + "|'(?:[^'\\\\\\n]|\\\\.)++'",
            Pattern.DOTALL);

    @Test
    void coreIsAPlainObject() {
        assertEquals(List.of(), offences(sources(YAMUX.resolve("core")), OUTSIDE_CORE, false));
    }

    @Test
    void virtualThreadsComeThroughOneClass() {
        List<Path> others = mainSources().stream()
                .filter(file -> !file.equals(YAMUX.resolve("io/Threads.java")))
                .filter(file -> !file.startsWith(ROOT.resolve("relay-testing")))
                .toList();
        // Method handles find methods by name, so here the literals count.
        assertEquals(List.of(), offences(others, VIRTUAL_THREADS, true));
    }

    @Test
    void nobodyWritesSynchronized() {
        assertEquals(List.of(), offences(mainSources(), SYNCHRONIZED, false));
    }

    @Test
    void sourcesOfEveryModuleAreSeen() {
        List<String> modules = mainSources().stream()
                .map(file -> ROOT.relativize(file).getName(0).toString())
                .distinct()
                .toList();
        assertTrue(
                modules.containsAll(List.of("relay-api", "relay-yamux", "relay-server", "relay-client")),
                () -> "found only " + modules);
    }

    @Test
    void commentsAndLiteralsAreNoCode() {
        String source = "/* java.net.Socket */ int a; // Thread\n String s = \"a \\\" Thread\"; char c = '\"';"
                + " String t = \"\"\"\n \"Thread\" \\\"\"\" \"\"\"; long now = System.nanoTime();";
        assertEquals(List.of("System.nanoTime"), matches(code(source, false), OUTSIDE_CORE));
        assertEquals(List.of("Thread", "Thread", "System.nanoTime"), matches(code(source, true), OUTSIDE_CORE));
    }

    private static List<String> offences(List<Path> files, Pattern forbidden, boolean withLiterals) {
        assertFalse(files.isEmpty(), "no sources found");
        return files.stream()
                .flatMap(file -> matches(code(read(file), withLiterals), forbidden).stream()
                        .map(match -> ROOT.relativize(file) + " names " + match))
                .distinct()
                .toList();
    }

    private static List<String> matches(String code, Pattern pattern) {
        return pattern.matcher(code).results().map(MatchResult::group).toList();
    }

    /** Returns the source without its comments, and without the contents of its literals unless asked for them. */
    private static String code(String source, boolean withLiterals) {
        return COMMENT_OR_LITERAL.matcher(source).replaceAll(found -> {
            String text = found.group();
            if (text.startsWith("/")) {
                return " ";
            }
            return withLiterals ? Matcher.quoteReplacement(text) : "\"\"";
        });
    }

    private static List<Path> mainSources() {
        return Stream.of(ROOT, ROOT.resolve("examples"), ROOT.resolve("integrations"))
                .flatMap(LayeringTest::children)
                .map(module -> module.resolve("src/main/java"))
                .filter(Files::isDirectory)
                .flatMap(folder -> sources(folder).stream())
                .toList();
    }

    private static Stream<Path> children(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Path> sources(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.toString().endsWith(".java"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns the folder that holds all modules, whichever folder below it the test was started from. */
    private static Path projectRoot() {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.isDirectory(folder.resolve("relay-yamux"))) {
            folder = folder.getParent();
        }
        return folder;
    }
}
