package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The scripts of the examples that need nothing but relay.jar and the real service: the command that each prints works. */
@Tag("peers")
class ExamplesIT {
    @Test
    void redisOnUnixSocket() throws Exception {
        with("redis-on-unix-socket", "redis-cli -p ", set -> {
            assertEquals(List.of("OK"), run(set));
            assertEquals(List.of("hello"), run(set.replace(" set greeting hello", " get greeting")));
        });
    }

    @Test
    void dnsOverUdp() throws Exception {
        with("dns-over-udp", "dig @127.0.0.1 -p ", dig -> assertEquals(List.of("192.0.2.7"), run(dig)));
    }

    /** It kills a node, and fails if a visitor of another one notices. */
    @Test
    void clusterThatLosesANode() throws Exception {
        try (ChildProcess example = ChildProcess.start(script("cluster"))) {
            int code = example.awaitExit(Duration.ofSeconds(90));
            List<String> lines = example.remainingLines();
            assertEquals(0, code, () -> example + String.join("\n", lines)); // the logs of the nodes are among them
            assertTrue(lines.get(lines.size() - 1).startsWith("passed: "), example::toString);
        }
    }

    /** What a test does with the command that an example prints. */
    private interface Trial {
        void run(String command) throws Exception;
    }

    private static void with(String name, String start, Trial trial) throws Exception {
        try (ChildProcess example = ChildProcess.start(script(name))) {
            try {
                String line = example.line();
                assertTrue(line.startsWith("try: " + start), line);
                trial.run(line.substring("try: ".length()));
            } finally {
                example.terminate(); // it ends the processes that it has started
            }
        }
    }

    private static ProcessBuilder script(String name) {
        String script = Path.of(System.getProperty("relay.root"), "examples", name, "run")
                .toString();
        ProcessBuilder builder = ChildProcess.builder("bash", script);
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        builder.environment().put("RELAY", java + " -jar " + System.getProperty("relay.jar"));
        return builder;
    }

    private static List<String> run(String command) throws InterruptedException {
        try (ChildProcess shell = ChildProcess.start("bash", "-c", command)) {
            assertEquals(0, shell.awaitExit(), shell::toString);
            return shell.remainingLines();
        }
    }
}
