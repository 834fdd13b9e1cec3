package org.relay4j.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/** A main class in a JVM of its own, which a test can kill, stop and let go on. It ends with the test at the latest. */
public final class Program implements AutoCloseable {
    private final Process process;
    private final List<String> lines = new CopyOnWriteArrayList<>();
    private final Thread reader;

    private Program(Process process) {
        this.process = process;
        reader = new Thread(this::read, "test-program-output");
        reader.setDaemon(true);
        reader.start();
    }

    /**
     * Starts {@code main} with the class path of this process.
     *
     * @param openFiles how many files and sockets it may have open; 0 for as many as this process
     */
    public static Program start(int openFiles, Class<?> main, List<String> arguments) throws IOException {
        // Surefire starts this process with a jar whose manifest has the class path.
        String path = System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
        List<String> command = new ArrayList<>();
        if (openFiles > 0) command.addAll(List.of("sh", "-c", "ulimit -n " + openFiles + "; exec \"$@\"", "sh"));
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
        command.addAll(List.of("-cp", path, main.getName()));
        command.addAll(arguments);
        return new Program(new ProcessBuilder(command).redirectErrorStream(true).start());
    }

    private void read() {
        try (BufferedReader output =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line; (line = output.readLine()) != null; ) lines.add(line);
        } catch (IOException e) {
            lines.add("its output cannot be read: " + e);
        }
    }

    /** Waits for a line that contains {@code text}; returns the first. */
    public String await(String text) {
        return await(text, 1);
    }

    /** Waits until {@code count} lines contain {@code text}; returns the last of them. */
    public String await(String text, int count) {
        Await.until(() -> "line " + count + " with \"" + text + "\" in " + this, () -> {
            if (!process.isAlive() && !reader.isAlive() && matching(text).size() < count) {
                throw new AssertionError("ended without line " + count + " with \"" + text + "\": " + this);
            }
            return matching(text).size() >= count;
        });
        return matching(text).get(count - 1);
    }

    /** What it has said that contains {@code text}. */
    public List<String> matching(String text) {
        return lines.stream().filter(line -> line.contains(text)).toList();
    }

    /** Writes a line to its standard input. */
    public void say(String line) throws IOException {
        OutputStream input = process.getOutputStream();
        input.write((line + "\n").getBytes(StandardCharsets.UTF_8));
        input.flush();
    }

    /** Ends its standard input. */
    public void endInput() throws IOException {
        process.getOutputStream().close();
    }

    /** Stops it in the middle of whatever it does, until {@link #resume}: its kernel goes on, it does not. */
    public void suspend() throws IOException {
        signal("STOP");
    }

    /** Lets it go on after {@link #suspend}. */
    public void resume() throws IOException {
        signal("CONT");
    }

    /** Ends it without a chance to say goodbye. */
    public void kill() {
        process.destroyForcibly();
        awaitExit();
    }

    /** True while it runs. */
    public boolean isAlive() {
        return process.isAlive();
    }

    private void signal(String name) throws IOException {
        Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start();
        try {
            if (!kill.waitFor(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS) || kill.exitValue() != 0) {
                throw new IOException("cannot send " + name + " to " + process.pid());
            }
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted", e);
        }
    }

    private void awaitExit() {
        Await.until("the program has ended", () -> !process.isAlive());
    }

    @Override
    public void close() {
        kill();
    }

    @Override
    public String toString() {
        return "program " + process.pid() + (process.isAlive() ? "" : " (ended)") + " which said "
                + String.join("\n    ", lines);
    }
}
