package org.relay4j.yamux.testing;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.core.Appender;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.relay4j.yamux.Session;
import org.slf4j.Logger;

/** A main class in a JVM of its own, which a test can kill, stop and let go on. It ends with the test at the latest. */
public final class Program implements AutoCloseable {
    /** What every program needs: these classes, yamux, and a logger. */
    private static final List<Class<?>> COMMON =
            List.of(Program.class, Session.class, Logger.class, LoggerContext.class, Appender.class);

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
     * Starts {@code main}.
     *
     * @param openFiles how many files and sockets it may have open; 0 for as many as this process
     * @param needed a class of each jar or folder that it needs, besides its own and those of relay-yamux
     */
    public static Program start(int openFiles, Class<?> main, List<Class<?>> needed, List<String> arguments)
            throws IOException {
        Set<String> path = new LinkedHashSet<>();
        path.add(home(main));
        for (Class<?> each : COMMON) path.add(home(each));
        for (Class<?> each : needed) path.add(home(each));
        List<String> command = new ArrayList<>();
        if (openFiles > 0) command.addAll(List.of("sh", "-c", "ulimit -n " + openFiles + "; exec \"$@\"", "sh"));
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
        command.addAll(List.of("-cp", String.join(java.io.File.pathSeparator, path), main.getName()));
        command.addAll(arguments);
        return new Program(new ProcessBuilder(command).redirectErrorStream(true).start());
    }

    /** The jar or folder of a class. Not its code source: that of a test names the module that was patched with it. */
    private static String home(Class<?> type) {
        String file = type.getName().replace('.', '/') + ".class";
        URL url = type.getResource(file.substring(file.lastIndexOf('/') + 1));
        if (url == null) throw new IllegalStateException("no class file of " + type);
        String text = url.toString();
        String folder = text.substring(0, text.length() - file.length());
        if (folder.startsWith("jar:")) folder = folder.substring("jar:".length(), folder.length() - "!/".length());
        return Path.of(java.net.URI.create(folder)).toString();
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
