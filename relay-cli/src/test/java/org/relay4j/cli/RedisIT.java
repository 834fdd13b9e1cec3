package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.testing.FixedPort;

/** A real Redis behind the relay, used by its own tools through the public port. Not a single request may fail. */
@Timeout(240)
@Tag("peers")
@Tag("slow")
class RedisIT {
    private static final Duration LONG = Duration.ofSeconds(200);

    private static final int REQUESTS = Boolean.getBoolean("relay.nightly") ? 100_000 : 30_000; // for each command

    @TempDir
    static Path folder;

    private static ChildProcess redis;
    private static int redisPort;

    private RelayPair relay;

    @BeforeAll
    static void startRedis() throws Exception {
        redisPort = FixedPort.free();
        redis = ChildProcess.start(
                "redis-server",
                "--port",
                "" + redisPort,
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--dir",
                folder.toString());
        String line = redis.line();
        while (!line.contains("Ready to accept connections")) line = redis.line();
    }

    @AfterAll
    static void stopRedis() throws Exception {
        if (redis == null) return;
        try (ChildProcess ended = redis) {
            List<String> statistics = run(ChildProcess.builder("redis-cli", "-p", "" + redisPort, "INFO", "stats"));
            assertTrue(statistics.contains("total_error_replies:0"), statistics::toString);
            ended.terminate();
        }
    }

    @BeforeEach
    void startRelay() throws Exception {
        relay = new RelayPair(redisPort);
    }

    @AfterEach
    void stopRelay() throws Exception {
        if (relay == null) return;
        try (RelayPair ended = relay) {
            ended.finish();
        }
        assertTrue(redis.isAlive(), () -> redis.toString());
    }

    @Test
    void setAndGet() throws Exception {
        assertEquals(List.of("PONG"), cli("PING"));
        assertEquals(List.of("OK"), cli("SET", "greeting", "hello through the tunnel"));
        assertEquals(List.of("hello through the tunnel"), cli("GET", "greeting"));
    }

    @Test
    void pipelineOfAHundredThousandCommands() throws Exception {
        int count = 100_000;
        Path commands = folder.resolve("commands");
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(commands))) {
            for (int i = 0; i < count; i++) out.write(command("SET", "pipe:" + i, "value " + i));
        }
        List<String> answer = cliFrom(commands, "--pipe");
        assertTrue(answer.contains("errors: 0, replies: " + count), answer::toString);
        assertEquals(List.of("value 0"), cli("GET", "pipe:0"));
        assertEquals(List.of("value 99999"), cli("GET", "pipe:99999"));
    }

    @Test
    void publishAndSubscribe() throws Exception {
        int count = 1_000;
        Path commands = folder.resolve("messages");
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(commands))) {
            for (int i = 0; i < count; i++) out.write(command("PUBLISH", "news", "message " + i));
        }
        try (ChildProcess subscriber = ChildProcess.start(cliCommand("SUBSCRIBE", "news"))) {
            assertEquals("subscribe", subscriber.line());
            assertEquals("news", subscriber.line());
            assertEquals("1", subscriber.line());
            assertTrue(cliFrom(commands, "--pipe").contains("errors: 0, replies: " + count));
            for (int i = 0; i < count; i++) {
                assertEquals("message", subscriber.line());
                assertEquals("news", subscriber.line());
                assertEquals("message " + i, subscriber.line());
            }
        }
    }

    @Test
    void benchmarkWithFiftyClients() throws Exception {
        benchmark(50);
    }

    @Test
    void benchmarkWithFiveHundredClients() throws Exception {
        benchmark(500);
    }

    @Test
    void valueOfSixtyFourMebibytes() throws Exception {
        Path value = folder.resolve("value");
        Path back = folder.resolve("back");
        byte[] bytes = new byte[64 << 20];
        new Random(64).nextBytes(bytes);
        Files.write(value, bytes);
        assertEquals(List.of("OK"), cliFrom(value, "-x", "SET", "big"));
        assertEquals(List.of("" + bytes.length), cli("STRLEN", "big"));

        ProcessBuilder get = ChildProcess.builder(cliCommand("--raw", "GET", "big"));
        try (ChildProcess reader = ChildProcess.start(get.redirectOutput(back.toFile()))) {
            assertEquals(0, reader.awaitExit(LONG), reader::toString);
            assertEquals("", reader.errors());
        }
        byte[] read = Files.readAllBytes(back);
        assertEquals(bytes.length + 1, read.length, "redis-cli ends its output with a line feed");
        assertEquals(-1, Arrays.mismatch(bytes, 0, bytes.length, read, 0, bytes.length));
        assertEquals(List.of("1"), cli("DEL", "big"));
    }

    private void benchmark(int clients) throws InterruptedException {
        try (ChildProcess benchmark = ChildProcess.start(
                "redis-benchmark",
                "-h",
                "127.0.0.1",
                "-p",
                "" + relay.publicPort,
                "-q",
                "-n",
                String.valueOf(REQUESTS),
                "-c",
                "" + clients,
                "-t",
                "set,get")) {
            assertEquals(0, benchmark.awaitExit(LONG), benchmark::toString);
            // Progress is written over itself with carriage returns, which the reader takes as ends of lines.
            List<String> results = benchmark.remainingLines().stream()
                    .filter(line -> line.contains("requests per second"))
                    .toList();
            assertEquals(2, results.size(), results::toString);
            assertTrue(results.get(0).startsWith("SET: ") && results.get(1).startsWith("GET: "), results::toString);
            assertEquals("", benchmark.errors());
        }
    }

    /** One run of redis-cli through the public port. */
    private List<String> cli(String... arguments) throws InterruptedException {
        return run(ChildProcess.builder(cliCommand(arguments)));
    }

    private List<String> cliFrom(Path input, String... arguments) throws InterruptedException {
        return run(ChildProcess.builder(cliCommand(arguments)).redirectInput(input.toFile()));
    }

    private static List<String> run(ProcessBuilder builder) throws InterruptedException {
        try (ChildProcess cli = ChildProcess.start(builder)) {
            assertEquals(0, cli.awaitExit(LONG), cli::toString);
            assertEquals("", cli.errors());
            return cli.remainingLines();
        }
    }

    private String[] cliCommand(String... arguments) {
        Stream<String> start = Stream.of("redis-cli", "-h", "127.0.0.1", "-p", "" + relay.publicPort);
        return Stream.concat(start, Stream.of(arguments)).toArray(String[]::new);
    }

    /** A command as it goes over the wire. */
    private static byte[] command(String... words) {
        List<String> lines = new ArrayList<>(List.of("*" + words.length));
        for (String word : words) lines.addAll(List.of("$" + word.length(), word));
        return (String.join("\r\n", lines) + "\r\n").getBytes(StandardCharsets.US_ASCII);
    }
}
