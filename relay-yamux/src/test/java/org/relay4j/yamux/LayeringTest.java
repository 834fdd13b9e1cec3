package org.relay4j.yamux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The borders that neither the compiler nor the module system holds, checked in the sources of all modules: the
 * protocol core stays a plain object, packages of a module do not depend on each other in a circle, virtual threads come
 * through one class, and {@code synchronized} is not used.
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

    private static final Pattern PACKAGE = Pattern.compile("\\borg\\.relay4j(?:\\.[a-z]\\w*)+");

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
    void packagesOfAModuleFormNoCycle() {
        Map<Path, List<Path>> modules = mainSources().stream()
                .collect(Collectors.groupingBy(LayeringTest::module, TreeMap::new, Collectors.toList()));
        for (List<Path> files : modules.values()) assertEquals(List.of(), cycle(uses(files)));
        Map<String, Set<String>> yamux = uses(modules.get(ROOT.resolve("relay-yamux")));
        assertTrue(yamux.getOrDefault("org.relay4j.yamux", Set.of()).contains("org.relay4j.yamux.io"), yamux::toString);
    }

    @Test
    void cycleIsFound() {
        assertEquals(List.of(), cycle(Map.of("a", Set.of("b", "c"), "b", Set.of("c"), "c", Set.of())));
        Map<String, Set<String>> circle = new TreeMap<>(Map.of("a", Set.of("b"), "b", Set.of("c"), "c", Set.of("b")));
        assertEquals(List.of("a", "b", "c", "b"), cycle(circle));
    }

    /** Which packages of their own module the files of a package name. */
    private static Map<String, Set<String>> uses(List<Path> files) {
        Map<String, Set<String>> uses = new TreeMap<>();
        Map<Path, String> code = new HashMap<>();
        for (Path file : files) {
            code.put(file, code(read(file), false));
            uses.put(packageOf(code.get(file)), new TreeSet<>());
        }
        for (String each : code.values()) {
            String own = packageOf(each);
            for (String named : matches(each, PACKAGE)) {
                if (uses.containsKey(named) && !named.equals(own)) uses.get(own).add(named);
            }
        }
        return uses;
    }

    private static String packageOf(String code) {
        Matcher declaration = Pattern.compile("\\bpackage\\s+([\\w.]+)\\s*;").matcher(code);
        return declaration.find() ? declaration.group(1) : "";
    }

    /** Returns the packages of a way that leads back to one of them; none if there is no such way. */
    private static List<String> cycle(Map<String, Set<String>> uses) {
        for (String start : uses.keySet()) {
            List<String> way = cycle(uses, new ArrayList<>(List.of(start)));
            if (!way.isEmpty()) return way;
        }
        return List.of();
    }

    private static List<String> cycle(Map<String, Set<String>> uses, List<String> way) {
        for (String next : uses.getOrDefault(way.get(way.size() - 1), Set.of())) {
            boolean closed = way.contains(next);
            way.add(next);
            if (closed) return way;
            List<String> found = cycle(uses, way);
            if (!found.isEmpty()) return found;
            way.remove(way.size() - 1);
        }
        return List.of();
    }

    private static Path module(Path file) {
        Path folder = file;
        while (!folder.endsWith("src/main/java")) folder = folder.getParent();
        return folder.getParent().getParent().getParent();
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
    void synchronizedIsNotUsed() {
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
