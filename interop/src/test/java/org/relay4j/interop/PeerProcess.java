package org.relay4j.interop;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A running program of the other side, and its output so far. */
final class PeerProcess implements AutoCloseable {
    private static final long DEADLINE = TimeUnit.SECONDS.toNanos(30);

    private final String name;
    private final Process process;
    private final List<String> lines = new ArrayList<>(); // both outputs; guarded by itself
    private int outputs = 2; // still open; guarded by lines

    private PeerProcess(String name, Process process) {
        this.name = name;
        this.process = process;
    }

    /** Starts a program of {@code interop/go/cmd}. */
    static PeerProcess go(String program, List<String> flags, String... arguments) throws IOException {
        return start(program, List.of(PeerPrograms.go(program).toString()), flags, arguments);
    }

    /** Starts a command, of which {@code name} is shown where it fails. */
    static PeerProcess start(String name, List<String> command, List<String> flags, String... arguments)
            throws IOException {
        List<String> all = new ArrayList<>(command);
        all.addAll(flags);
        all.addAll(List.of(arguments));
        PeerProcess started = new PeerProcess(
                name,
                new ProcessBuilder(all)
                        .redirectInput(ProcessBuilder.Redirect.PIPE)
                        .start());
        started.collect(started.process.getInputStream());
        started.collect(started.process.getErrorStream());
        return started;
    }

    /** Returns the number after {@code prefix} in the first line that starts with it. */
    int number(String prefix) throws InterruptedException {
        return Integer.parseInt(await(Pattern.quote(prefix) + "(\\d+)").group(1));
    }

    /** Waits for a line in which {@code expression} is found. */
    Matcher await(String expression) throws InterruptedException {
        Pattern pattern = Pattern.compile(expression);
        long deadline = System.nanoTime() + DEADLINE;
        synchronized (lines) {
            for (int seen = 0; ; ) {
                for (; seen < lines.size(); seen++) {
                    Matcher matcher = pattern.matcher(lines.get(seen));
                    if (matcher.find()) return matcher;
                }
                long left = (deadline - System.nanoTime()) / 1_000_000;
                if (left <= 0 || outputs == 0) throw new AssertionError("no line with " + expression + ": " + this);
                lines.wait(left);
            }
        }
    }

    /** Waits for the end, and until all that was written is among the {@link #lines}; returns the exit status. */
    int awaitExit() throws InterruptedException {
        if (!process.waitFor(DEADLINE, TimeUnit.NANOSECONDS)) throw new AssertionError("has not ended: " + this);
        long deadline = System.nanoTime() + DEADLINE;
        synchronized (lines) {
            while (outputs > 0) {
                long left = (deadline - System.nanoTime()) / 1_000_000;
                if (left <= 0) throw new AssertionError("its output has not ended: " + this);
                lines.wait(left);
            }
        }
        return process.exitValue();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** All lines so far. */
    List<String> lines() {
        synchronized (lines) {
            return List.copyOf(lines);
        }
    }

    /** Sends a signal that Java has no call for. */
    void signal(String signal) throws IOException, InterruptedException {
        Process kill = new ProcessBuilder("sh", "-c", "kill -" + signal + " " + process.pid())
                .inheritIO()
                .start();
        if (!kill.waitFor(DEADLINE, TimeUnit.NANOSECONDS) || kill.exitValue() != 0) {
            throw new AssertionError("kill -" + signal + " has failed");
        }
    }

    /** SIGTERM: the program may say goodbye. */
    void terminate() {
        process.toHandle().destroy(); // Process.destroy also closes its outputs: SIGPIPE would end it at its next line
    }

    /** SIGKILL: the kernel closes its connections. */
    @Override
    public void close() {
        process.destroyForcibly()
                .onExit()
                .orTimeout(DEADLINE, TimeUnit.NANOSECONDS)
                .join();
    }

    private void collect(InputStream output) {
        Thread thread = new Thread(() -> read(output), "interop-output");
        thread.setDaemon(true);
        thread.start();
    }

    private void read(InputStream output) {
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(output, StandardCharsets.UTF_8))) {
            for (String line; (line = reader.readLine()) != null; ) add(line);
        } catch (IOException e) {
            add("(output lost: " + e + ")"); // the process was killed
        }
        synchronized (lines) {
            outputs--;
            lines.notifyAll();
        }
    }

    private void add(String line) {
        synchronized (lines) {
            lines.add(line);
            lines.notifyAll();
        }
    }

    @Override
    public String toString() {
        List<String> all = lines();
        List<String> last = all.subList(Math.max(0, all.size() - 50), all.size());
        return name + (isAlive() ? ", running" : ", ended") + "; it printed\n" + String.join("\n", last);
    }
}
