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

/** A main class in its own JVM, which a test can kill, suspend and resume. It ends with the test at the latest. */
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
     * @param openFiles limit of its open files and sockets; 0 for the limit of this process
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

    /** Returns its output lines that contain {@code text}. */
    public List<String> matching(String text) {
        return lines.stream().filter(line -> line.contains(text)).toList();
    }

    /** Writes a line to its standard input. */
    public void say(String line) throws IOException {
        OutputStream input = process.getOutputStream();
        input.write((line + "\n").getBytes(StandardCharsets.UTF_8));
        input.flush();
    }

    /** Closes its standard input. */
    public void endInput() throws IOException {
        process.getOutputStream().close();
    }

    /** Suspends the process until {@link #resume}; the kernel still serves its sockets. */
    public void suspend() throws IOException {
        signal("STOP");
    }

    /** Resumes the process after {@link #suspend}. */
    public void resume() throws IOException {
        signal("CONT");
    }

    /** Kills the process without a graceful shutdown. */
    public void kill() {
        process.destroyForcibly();
        awaitExit();
    }

    /** Returns true while the process runs. */
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
