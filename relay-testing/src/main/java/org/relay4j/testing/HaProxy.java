package org.relay4j.testing;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * HAProxy in a process of its own, which ends with the test at the latest. It must be installed. For tests with the tag {@code
 * peers}.
 */
public final class HaProxy implements AutoCloseable {
    private final Process process;
    private final Path output;

    private HaProxy(Process process, Path output) {
        this.process = process;
        this.output = output;
    }

    /**
     * Starts HAProxy, and waits until it listens.
     *
     * @param folder for its files
     * @param sections lines of its configuration, from the first {@code listen}, {@code frontend} or {@code backend} section.
     *     The defaults are TCP, and timeouts of 5 s to connect and 1 min for silence. Logs go to {@link #output}.
     */
    public static HaProxy start(Path folder, String... sections) throws IOException {
        int ready = FixedPort.free();
        List<String> lines = new ArrayList<>(List.of(
                "global",
                "    maxconn 2000",
                "    log stdout format raw local0",
                "defaults",
                "    mode tcp",
                "    log global",
                "    timeout connect 5s",
                "    timeout client 1m",
                "    timeout server 1m"));
        lines.addAll(List.of(sections));
        lines.addAll(List.of(
                "frontend ready", "    bind 127.0.0.1:" + ready, "    no log", "    tcp-request connection reject"));
        Path output = Files.createTempFile(folder, "haproxy", ".log");
        Path configuration = Files.write(Files.createTempFile(folder, "haproxy", ".cfg"), lines);
        Process process = new ProcessBuilder("haproxy", "-db", "-f", configuration.toString())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        HaProxy proxy = new HaProxy(process, output);
        boolean started = false;
        try {
            Await.until(proxy::toString, () -> proxy.listens(ready));
            started = true;
            return proxy;
        } finally {
            if (!started) proxy.close();
        }
    }

    private boolean listens(int port) {
        if (!process.isAlive()) throw new AssertionError("ended: " + this);
        try (Socket probe = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return probe.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    /** Returns its output so far: its logs and warnings. */
    public String output() {
        try {
            return Files.readString(output);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
        Await.until("HAProxy has ended", () -> !process.isAlive());
    }

    @Override
    public String toString() {
        return "HAProxy " + process.pid() + (process.isAlive() ? "" : " (ended)") + ": " + output();
    }
}
