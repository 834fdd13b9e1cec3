package org.relay4j.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.conformance.ScriptedEndpoint.Fault;
import org.relay4j.testing.FixedPort;
import org.relay4j.yamux.SessionOptions;

/** The jar in its own process. */
class JarIT {
    private static final long DEADLINE = 60; // s

    @TempDir
    Path folder;

    /** The outcome of a run. */
    private record Run(int exit, String out, String err) {}

    private Process start(String... arguments) throws IOException {
        Path jar = Path.of(System.getProperty("conformance.jar", "target/yamux-conformance.jar"));
        assertTrue(Files.isRegularFile(jar), () -> jar + " is missing: it is built by the phase package");
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-Xmx256m", "-jar", jar.toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectOutput(folder.resolve("out").toFile());
        // A JVM that picks up options says so on standard error.
        builder.environment().keySet().removeIf(name -> name.endsWith("JAVA_OPTIONS"));
        return builder.start();
    }

    private Run finish(Process process) throws IOException, InterruptedException {
        try {
            assertTrue(process.waitFor(DEADLINE, TimeUnit.SECONDS), "the kit has not ended");
            String err = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Run(process.exitValue(), Files.readString(folder.resolve("out")), err);
        } finally {
            process.destroyForcibly();
        }
    }

    private Run run(String... arguments) throws IOException, InterruptedException {
        return finish(start(arguments));
    }

    @Test
    void allCasesPass() throws Exception {
        try (ScriptedEndpoint endpoint = new ScriptedEndpoint(Fault.NONE)) {
            Run run = run("--json", "127.0.0.1:" + endpoint.port());
            assertEquals(0, run.exit, run::err);
            Map<?, ?> report = (Map<?, ?>) JsonReader.parse(run.out);
            List<?> cases = (List<?>) report.get("cases");
            assertEquals(
                    Suite.all().stream().map(Case::id).toList(),
                    cases.stream().map(one -> ((Map<?, ?>) one).get("id")).toList());
            assertEquals(0L, ((Map<?, ?>) report.get("totals")).get("fail"));
            assertEquals("", run.err);
        }
    }

    @Test
    void aFailure() throws Exception {
        try (ScriptedEndpoint endpoint = new ScriptedEndpoint(Fault.DROPS_BODY_OF_FIN)) {
            Run run = run("--case", "fin/data", "127.0.0.1:" + endpoint.port());
            assertEquals(1, run.exit, run::err);
            assertTrue(run.out.contains("1 FAIL"), run::out);
        }
    }

    @Test
    void wrongUsage() throws Exception {
        for (String[] arguments : new String[][] {{"127.0.0.1:70000"}, {"--case", "nothing", "127.0.0.1:7"}, {}}) {
            Run run = run(arguments);
            assertEquals(2, run.exit, run::err);
            assertEquals("", run.out);
        }
    }

    @Test
    void portInUse() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Run run = run("--listen", "127.0.0.1:" + taken.getLocalPort());
            assertEquals(2, run.exit, run::err);
            assertTrue(run.err.contains("" + taken.getLocalPort()), run::err);
        }
    }

    @Test
    void noEndpoint() throws Exception {
        int port = FixedPort.free();
        Run run = run("--json", "--timeout", "100ms", "127.0.0.1:" + port);
        assertEquals(3, run.exit, run::err);
        assertTrue(run.err.contains("127.0.0.1:" + port), run::err);
        assertEquals("", run.out);
        assertEquals(3, run("no-such-host.invalid:7", "--timeout", "100ms").exit);
    }

    @Test
    void endpointThatConnects() throws Exception {
        List<Case> cases = Suite.matching("open/*");
        Process process = start("--listen", "0", "--role", "server", "--case", "open/*");
        try (BufferedReader errors = process.errorReader(StandardCharsets.UTF_8);
                RelayEndpoint endpoint = new RelayEndpoint(Role.CLIENT, true, SessionOptions.defaults())) {
            String line = errors.readLine();
            assertTrue(line.startsWith("yamux-conformance: listening on 127.0.0.1:"), line);
            int port = Integer.parseInt(line.replaceFirst(".*:", ""));
            for (int i = 0; i < cases.size(); i++)
                endpoint.serve(SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port)));
            assertTrue(process.waitFor(DEADLINE, TimeUnit.SECONDS), "the kit has not ended");
            String out = Files.readString(folder.resolve("out"));
            assertEquals(0, process.exitValue(), out);
            assertTrue(out.contains(cases.size() + " cases: " + cases.size() + " pass"), out);
        } finally {
            process.destroyForcibly();
        }
    }
}
