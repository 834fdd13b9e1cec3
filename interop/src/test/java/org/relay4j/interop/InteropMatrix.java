package org.relay4j.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * The results of {@link InteropIT}, as the table in {@code docs/interop.md}. The order of the rows is the document's; a cell that
 * was not run stays as it is there.
 */
final class InteropMatrix {
    private static final Path DOCUMENT = Path.of(System.getProperty("relay.root"), "docs/interop.md");
    private static final Path RESULT = Path.of(System.getProperty("relay.root"), "interop/target/interop-table.md");

    private static final String BEGIN = "<!-- generated -->\n";
    private static final String END = "<!-- end -->\n";
    private static final String COMMAND = "mvn -pl interop -am verify -Ppeers,nightly -Dit.test=InteropIT -Dtest=None"
            + " -Dsurefire.failIfNoSpecifiedTests=false -Dfailsafe.failIfNoSpecifiedTests=false -Drelay.interop.write=true";

    /** One half of a cell. */
    private record Key(Peer peer, String scenario, boolean ourClient) {}

    private static final Map<Key, Boolean> WORKS = new ConcurrentHashMap<>();

    private InteropMatrix() {}

    /**
     * Records a scenario of which it is known whether it works.
     *
     * @param failure the failure; null if the scenario passed
     */
    static void record(Peer peer, YamuxPeer.Kind ours, String scenario, @Nullable String failure) {
        Deviation known = Deviation.of(peer, scenario).orElse(null);
        if (known != null) known.check(failure);
        else if (failure != null) throw new AssertionError(peer + " fails in " + scenario + ": " + failure);
        if (isBulk(scenario) && peer.bulkNow() < peer.bulk()) return; // the table names the whole size
        WORKS.put(new Key(peer, scenario, ours.isClient()), failure == null);
    }

    /** Compares, or with {@code -Drelay.interop.write=true} writes. */
    static void compareWithDocument() throws IOException {
        String document = Files.readString(DOCUMENT);
        int begin = document.indexOf(BEGIN) + BEGIN.length();
        int end = document.indexOf(END);
        if (begin < BEGIN.length() || end < begin) throw new AssertionError("no place for the table in " + DOCUMENT);
        String before = document.substring(begin, end);
        String now = render(cellsOf(before));
        Files.writeString(RESULT, now);
        if (Boolean.getBoolean("relay.interop.write")) {
            Files.writeString(DOCUMENT, document.substring(0, begin) + now + document.substring(end));
        } else {
            assertEquals(now, before, "docs/interop.md is out of date. To write its table: " + COMMAND + "\n");
        }
    }

    /** The rows of the table in the document, with their cells by the title of the peer. */
    private static Map<String, Map<String, String>> cellsOf(String table) {
        Map<String, Map<String, String>> rows = new LinkedHashMap<>();
        List<String> titles = List.of();
        for (String line : table.lines().filter(text -> text.startsWith("| ")).toList()) {
            List<String> cells =
                    Arrays.stream(line.split("\\|")).map(String::strip).skip(1).toList();
            if (titles.isEmpty()) titles = cells;
            Map<String, String> row = new LinkedHashMap<>();
            for (int n = 1; n < cells.size(); n++) row.put(titles.get(n), cells.get(n));
            rows.put(cells.get(0), row);
        }
        return rows;
    }

    private static String render(Map<String, Map<String, String>> before) throws IOException {
        StringBuilder table = new StringBuilder();
        List<Peer> peers = List.of(Peer.values());
        line(table, "", peers.stream().map(peer -> peer.title).toList());
        table.append("|---".repeat(1 + peers.size())).append("|\n");
        List<String> versions = new ArrayList<>();
        for (Peer peer : peers) versions.add(peer.version());
        line(table, "version", versions);
        for (String scenario : inOrder(InteropIT.scenarios(), before.keySet())) row(table, scenario, before);
        line(
                table,
                "**The peer opens the streams**",
                peers.stream().map(peer -> "").toList());
        for (String scenario : InteropIT.DRIVEN) row(table, scenario, before);
        int number = 0;
        for (String reason : Deviation.reasons())
            table.append("\n[").append(++number).append("] ").append(reason).append("\n");
        return table.toString();
    }

    private static void row(StringBuilder table, String scenario, Map<String, Map<String, String>> before) {
        List<String> cells = new ArrayList<>();
        for (Peer peer : Peer.values()) {
            Boolean server = WORKS.get(new Key(peer, scenario, false));
            Boolean client = WORKS.get(new Key(peer, scenario, true));
            if (server != null && client != null) {
                cells.add(half(peer, scenario, server) + " / " + half(peer, scenario, client));
            } else {
                cells.add(before.getOrDefault(title(scenario), Map.of()).getOrDefault(peer.title, "?"));
            }
        }
        line(table, title(scenario), cells);
    }

    private static String half(Peer peer, String scenario, boolean works) {
        if (works) return isBulk(scenario) ? size(peer.bulk()) : "yes";
        return Deviation.of(peer, scenario)
                .map(known -> "no [" + (1 + Deviation.reasons().indexOf(known.reason())) + "]")
                .orElseThrow();
    }

    private static boolean isBulk(String scenario) {
        return scenario.startsWith("manyBytes");
    }

    private static String size(long bytes) {
        return bytes >= 1 << 30 ? (bytes >> 30) + " GiB" : (bytes >> 20) + " MiB";
    }

    private static void line(StringBuilder table, String title, List<String> cells) {
        table.append("| ")
                .append(title)
                .append(" | ")
                .append(String.join(" | ", cells))
                .append(" |\n");
    }

    private static List<String> inOrder(Set<String> scenarios, Set<String> titles) {
        Map<String, String> byTitle = scenarios.stream().collect(Collectors.toMap(InteropMatrix::title, name -> name));
        Set<String> ordered = new LinkedHashSet<>(titles);
        ordered.retainAll(byTitle.keySet());
        ordered.addAll(new TreeSet<>(byTitle.keySet()));
        return ordered.stream().map(byTitle::get).toList();
    }

    /** The name of a method as words. */
    private static String title(String scenario) {
        return scenario.replaceAll("(?=[A-Z])", " ").toLowerCase(Locale.ROOT);
    }

    /** The names of the test methods of a class and of those above it. */
    static Set<String> testsOf(Class<?> type) {
        Set<String> names = new TreeSet<>();
        for (Class<?> part = type; part != null; part = part.getSuperclass()) {
            for (Method method : part.getDeclaredMethods()) {
                if (method.isAnnotationPresent(Test.class)) names.add(method.getName());
            }
        }
        return names;
    }
}
