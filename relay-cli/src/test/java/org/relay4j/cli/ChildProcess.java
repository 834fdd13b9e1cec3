package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A process that a test started, with its output line by line. It never outlives the test. Waits have a deadline. */
final class ChildProcess implements AutoCloseable {
    static final Duration DEADLINE = Duration.ofSeconds(30);

    private static final String END = "\u0000";
    private static final Path JAR = Path.of(System.getProperty("relay.jar", "target/relay.jar"));
    static final Path JAVA = Path.of(System.getProperty("java.home"), "bin", "java");

    /** Made at the first start of relay.jar. */
    private static final class Archive {
        static final @Nullable Path FILE = ClassArchive.of(JAR, JAVA);
    }

    private final List<String> command;
    private final Process process;
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>(); // END follows the last one
    private final Queue<String> errors = new ConcurrentLinkedQueue<>(); // lines
    private final BlockingQueue<String> newErrors =
            new LinkedBlockingQueue<>(); // lines that errorLine has not returned yet
    private final List<Thread> readers = new ArrayList<>();

    private ChildProcess(List<String> command, ProcessBuilder builder) {
        this.command = command;
        try {
            process = builder.start();
        } catch (IOException e) {
            throw new AssertionError(command.get(0) + " must be on the PATH: " + e.getMessage(), e);
        }
        read("stderr", process.getErrorStream(), line -> {
            errors.add(line);
            newErrors.add(line);
        });
        read("stdout", process.getInputStream(), lines::add);
    }

    /** Starts a program. */
    static ChildProcess start(String... command) {
        return start(builder(command));
    }

    /** Starts a program that was prepared by {@link #builder}. */
    static ChildProcess start(ProcessBuilder builder) {
        return new ChildProcess(List.copyOf(builder.command()), builder);
    }

    static ProcessBuilder builder(String... command) {
        return new ProcessBuilder(command);
    }

    /** Starts relay.jar. */
    static ChildProcess relay(String... arguments) {
        return relay(Map.of(), arguments);
    }

    /** Starts relay.jar with variables in its environment, which has no others for Relay or the JVM. */
    static ChildProcess relay(Map<String, String> variables, String... arguments) {
        return start(relayBuilder(variables, arguments));
    }

    /** Prepares a start of relay.jar. */
    static ProcessBuilder relayBuilder(Map<String, String> variables, String... arguments) {
        assertTrue(Files.isRegularFile(JAR), () -> JAR + " is missing: it is built by the phase package");
        List<String> command = new ArrayList<>(List.of(JAVA.toString(), "-Xmx256m"));
        if (Archive.FILE != null) command.add("-XX:SharedArchiveFile=" + Archive.FILE);
        command.addAll(List.of("-jar", JAR.toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command);
        // A JVM that picks up options says so on standard error.
        builder.environment().keySet().removeIf(name -> name.startsWith("RELAY_") || name.endsWith("JAVA_OPTIONS"));
        builder.environment().putAll(variables);
        return builder;
    }

    /** Makes a certificate for a server on this machine in a folder. Returns its fingerprint. */
    static String makeCertificate(Path folder) throws InterruptedException {
        try (ChildProcess keygen = relay("keygen", "--host=localhost", "--out=" + folder)) {
            String fingerprint = keygen.line();
            assertEquals(0, keygen.awaitExit(), keygen::toString);
            return fingerprint;
        }
    }

    /** Starts relay.jar, which ends with an exit code and one line on standard error that has the text {@code part}. */
    static void assertFails(int code, String part, String... arguments) throws InterruptedException {
        try (ChildProcess relay = relay(arguments)) {
            assertEquals(code, relay.awaitExit(), relay::toString);
            assertEquals(1, relay.errors().lines().count(), relay::toString);
            assertTrue(relay.errors().contains(part), relay::toString);
            assertTrue(!relay.errors().contains("Exception"), relay::toString);
            assertEquals(List.of(), relay.remainingLines());
        }
    }

    private void read(String name, InputStream stream, Consumer<String> consumer) {
        Thread reader = new Thread(() -> {
            try (BufferedReader in = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
                for (String line = in.readLine(); line != null; line = in.readLine()) consumer.accept(line);
            } catch (IOException e) {
                errors.add(name + " could not be read: " + e.getMessage());
            } finally {
                if (name.equals("stdout")) lines.add(END);
            }
        });
        reader.setDaemon(true);
        reader.start();
        readers.add(reader);
    }

    /** The next line of standard output. */
    String line() throws InterruptedException {
        String line = lines.poll(DEADLINE.toSeconds(), TimeUnit.SECONDS);
        if (line == null) return fail("no line of output within " + DEADLINE + " from " + this);
        if (line.equals(END)) {
            lines.add(END);
            return fail("no more output from " + this);
        }
        return line;
    }

    /** Closes its standard input. */
    void endInput() throws IOException {
        process.getOutputStream().close();
    }

    /** The lines of standard output up to its end. */
    List<String> remainingLines() throws InterruptedException {
        List<String> remaining = new ArrayList<>();
        awaitExit();
        lines.drainTo(remaining);
        remaining.remove(END);
        lines.add(END);
        return remaining;
    }

    /** The next line of standard error that contains a text. */
    String errorLine(String part) throws InterruptedException {
        while (true) {
            String line = newErrors.poll(DEADLINE.toSeconds(), TimeUnit.SECONDS);
            if (line == null) return fail("no line with \"" + part + "\" within " + DEADLINE + " from " + this);
            if (line.contains(part)) return line;
        }
    }

    /** Returns the unread lines of standard output. */
    int waitingLines() {
        return lines.size();
    }

    /** The exit code, and both outputs complete. */
    int awaitExit() throws InterruptedException {
        return awaitExit(DEADLINE);
    }

    int awaitExit(Duration limit) throws InterruptedException {
        if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS))
            fail("still running after " + limit + ": " + this);
        for (Thread reader : readers) reader.join(DEADLINE.toMillis());
        return process.exitValue();
    }

    String errors() {
        return errors.isEmpty() ? "" : String.join("\n", errors) + "\n";
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /**
     * Sends SIGTERM, which must end the process with exit code 0. Windows has no such signal: there it is the same as {@link
     * #kill}.
     */
    void terminate() throws InterruptedException {
        process.toHandle().destroy(); // Process.destroy would close the output too
        int exit = awaitExit();
        if (process.supportsNormalTermination()) assertEquals(0, exit, this::toString);
    }

    /** Sends SIGHUP, which a process ignores if it, or the tests, were started with {@code nohup}. */
    void hangUp() throws InterruptedException, IOException {
        assertFalse(ignoresHangUp(), "SIGHUP is ignored: run the tests with setsid instead of nohup");
        signal("HUP");
    }

    private boolean ignoresHangUp() throws IOException {
        Path status = Path.of("/proc/" + pid() + "/status");
        if (!Files.exists(status)) return false; // only Linux has it
        try (Stream<String> lines = Files.lines(status)) {
            String ignored = lines.filter(line -> line.startsWith("SigIgn:"))
                    .findFirst()
                    .orElseThrow()
                    .replaceAll("SigIgn:\\s*", "");
            return (Long.parseUnsignedLong(ignored, 16) & 1) != 0;
        }
    }

    /** Suspends the process until {@link #resume}; the kernel still serves its sockets. */
    void suspend() throws InterruptedException {
        signal("STOP");
    }

    /** Resumes the process after {@link #suspend}. */
    void resume() throws InterruptedException {
        signal("CONT");
    }

    private void signal(String name) throws InterruptedException {
        try (ChildProcess kill = start("kill", "-" + name, String.valueOf(pid()))) {
            assertEquals(0, kill.awaitExit(), kill::toString);
        }
    }

    long pid() {
        return process.pid();
    }

    /** Sends SIGKILL, and waits for the end. */
    void kill() throws InterruptedException {
        process.destroyForcibly();
        awaitExit();
    }

    @Override
    public void close() {
        process.destroyForcibly();
        try {
            process.waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS);
            process.getOutputStream().close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String toString() {
        return command + " (pid " + process.pid() + ", " + (isAlive() ? "running" : "exit code " + process.exitValue())
                + "), standard error:\n" + errors();
    }
}
