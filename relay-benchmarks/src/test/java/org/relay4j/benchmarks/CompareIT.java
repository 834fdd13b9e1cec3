package org.relay4j.benchmarks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The scripts in compare/, with runs that are too short for a measurement. */
class CompareIT {
    private static final Path SCRIPTS = Path.of(System.getProperty("relay.root"), "relay-benchmarks", "compare");
    private static final String JAR = System.getProperty("relay.jar");
    private static final long LIMIT_SECONDS = 110;

    @TempDir
    Path folder;

    @Test
    void beforeReleaseComparesWithSplicesAndTheOtherJar() throws Exception {
        String printed = run("before-release", JAR, "--jar", JAR, "--tests", "pp1", "--rounds", "1", "--warmup", "0");
        assertTrue(printed.contains("| ratio per round, median [min-max] | relay / splice2 | relay / old |"), printed);
        assertTrue(printed.contains("--at-most 270"), printed);
        assertTrue(printed.contains("--rounds 1") && !printed.contains("--rounds 3"), printed);
        Matcher ratios = Pattern.compile("\\| pp1: ping-pong 1 B, p50 us \\| [0-9.]+ \\[.*] \\| [0-9.]+ \\[.*] \\|")
                .matcher(printed);
        assertTrue(ratios.find(), printed);
    }

    @Test
    void noRunBeginsWhenTheTimeIsOver() throws Exception {
        String printed = run(
                "run",
                "--variants",
                "direct",
                "--tests",
                "pp1",
                "--rounds",
                "100000",
                "--warmup",
                "0",
                "--at-most",
                "5");
        assertTrue(printed.contains("Ended by --at-most after "), printed);
    }

    @Test
    void runThatDoesNotEndIsAnError() throws Exception {
        Path load = folder.resolve("load");
        Files.writeString(load, "[ \"$1\" != backend ] || echo backend 127.0.0.1:1; exec sleep 1000\n");
        String printed = runUntil(
                1,
                "run",
                "--load",
                "bash " + load,
                "--variants",
                "direct",
                "--tests",
                "pp1",
                "--rounds",
                "1",
                "--warmup",
                "0",
                "--run-limit",
                "1");
        assertTrue(printed.contains("errors in direct/pp1/0"), printed);
    }

    @Test
    void startsCountUntilTheFirstVisitorIsServed() throws Exception {
        run("run", "--jar", JAR, "--variants", "relay", "--tests", "start", "--fresh-idle", "5,10", "--rounds", "1");
        assertEquals(List.of("relay/start/0", "relay/fresh5/0", "relay/fresh10/0"), labels());
        assertTrue(number("relay/start/0", "server_ms") > 0);
        assertTrue(number("relay/start/0", "forwarder_ms") > 0);
        assertTrue(number("relay/start/0", "rss_mb\":{\"server") > 1);
        assertEquals(10, number("relay/fresh10/0", "alive_after"));
    }

    @Test
    void visitorsAndSizesAreThoseInTheNamesOfTheTests() throws Exception {
        String printed =
                run("run", "--variants", "splice2", "--tests", "vis3,size5000", "--rounds", "1", "--warmup", "0");
        assertEquals(List.of("splice2/vis3/0", "splice2/size5000/0"), labels());
        assertEquals(3, number("splice2/vis3/0", "conns"));
        assertEquals(5000, number("splice2/size5000/0", "size"));
        assertTrue(printed.contains("| 5,000 | splice2 | "), printed);
    }

    @Test
    void visitorsAreDividedAmongTunnels() throws Exception {
        String printed =
                run("run", "--jar", JAR, "--variants", "relay", "--tests", "tun4", "--rounds", "1", "--warmup", "0");
        assertEquals(List.of("relay/tun4/0"), labels());
        assertEquals(2000, number("relay/tun4/0", "conns"));
        assertTrue(printed.contains("| 4 | relay | "), printed);
    }

    @Test
    @Tag("peers")
    void programsOfOthersAreMeasured() throws Exception {
        String tests = "nginx,nginxclose,redis";
        run("run", "--variants", "splice2", "--tests", tests, "--rounds", "1", "--warmup", "0");
        assertEquals(List.of("splice2/nginx/0", "splice2/nginxclose/0", "splice2/redis/0"), labels());
        for (String label : labels()) {
            assertTrue(number(label, "samples") > 0);
            assertTrue(number(label, "per_s") > 0);
            assertTrue(number(label, "p99_us") >= number(label, "p50_us") && number(label, "p50_us") > 0);
            assertEquals(0, number(label, "errors"));
        }
    }

    /** Returns the output of a script that has ended without an error. */
    private String run(String script, String... words) throws Exception {
        return runUntil(0, script, words);
    }

    private String runUntil(int status, String script, String... words) throws Exception {
        List<String> command = new ArrayList<>(List.of(SCRIPTS.resolve(script).toString()));
        command.addAll(List.of(words));
        command.addAll(
                List.of("--warm", "0", "--secs", "0.3", "--out", results().toString()));
        Path out = folder.resolve("out");
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(out.toFile());
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        Process process = builder.start();
        try {
            assertTrue(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS), () -> read(out));
        } finally {
            process.destroy(); // upon which it ends what it has started
            process.waitFor(5, TimeUnit.SECONDS);
        }
        assertEquals(status, process.exitValue(), () -> read(out));
        return read(out);
    }

    private Path results() {
        return folder.resolve("results.jsonl");
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }

    private List<String> labels() throws IOException {
        Matcher label = Pattern.compile("\"label\":\"([^\"]*)\"").matcher(Files.readString(results()));
        return label.results().map(each -> each.group(1)).toList();
    }

    private double number(String label, String name) throws IOException {
        String line = Files.readAllLines(results()).stream()
                .filter(each -> each.contains('"' + label + '"'))
                .findFirst()
                .orElse("");
        Matcher number =
                Pattern.compile("\"" + Pattern.quote(name) + "\":([0-9.]+)").matcher(line);
        assertTrue(number.find(), () -> name + " is not in " + line);
        return Double.parseDouble(number.group(1));
    }
}
