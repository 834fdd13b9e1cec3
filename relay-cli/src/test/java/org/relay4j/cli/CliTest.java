package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.ServerSocket;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.relay4j.api.RelayCertificateException;
import org.relay4j.api.RelayException;
import org.relay4j.api.RelayOptionException;
import org.relay4j.api.RelayProtocolException;
import org.relay4j.api.RelayRefusedException;
import org.relay4j.api.RelayUnreachableException;
import org.relay4j.api.TunnelLostException;
import org.relay4j.testing.FixedPort;

class CliTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @AfterEach
    void restoreLogLevel() {
        StandardErrorLogging.level(Level.INFO);
        StandardErrorLogging.json(false);
    }

    @Test
    void helpAndVersion() {
        assertEquals(ExitCode.OK, run("--help"));
        assertTrue(out.toString(StandardCharsets.UTF_8).contains("Exit codes:"));
        out.reset();
        assertEquals(ExitCode.OK, run("--version"));
        List<String> version = out.toString(StandardCharsets.UTF_8).lines().toList();
        assertEquals(2, version.size());
        assertTrue(version.get(0).startsWith("relay "), version.get(0));
        assertTrue(version.get(1).startsWith("Java " + System.getProperty("java.version") + ", "), version.get(1));
        assertEquals("", err.toString(StandardCharsets.UTF_8));
    }

    @Test
    void usageErrorsPointToTheHelp() {
        assertEquals(ExitCode.USAGE, run("seven"));
        assertEquals(
                "relay: <localport> is 'seven', it must be a port number, 0 to 65535; see relay --help\n", errors());
    }

    @Test
    void portInUse() throws IOException {
        try (ServerSocket taken = new ServerSocket(0)) {
            assertEquals(ExitCode.PORT_UNAVAILABLE, run("" + taken.getLocalPort()));
            assertEquals(
                    "relay: cannot bind port " + taken.getLocalPort()
                            + ": it is in use; choose another port or stop the process that uses it\n",
                    errors());
        }
    }

    @Test
    void failuresAreJsonWhereJsonIsAskedFor() {
        assertEquals(ExitCode.USAGE, run("--json", "seven"));
        assertTrue(
                errors().matches("\\{\"time\":\"[^\"]*Z\",\"level\":\"ERROR\",\"message\":\"<localport> is 'seven'.*\""
                        + ",\"exitCode\":2}\n"),
                errors());
        err.reset();
        run(Map.of("RELAY_JSON", "yes"), "--frobnicate");
        assertTrue(errors().startsWith("{\"time\":"), errors());
        err.reset();
        run(Map.of("RELAY_JSON", "perhaps"), "7000");
        assertEquals("relay: RELAY_JSON is 'perhaps', it must be true or false; see relay --help\n", errors());
    }

    @Test
    void theLogHasAFormatOfItsOwn() {
        run("--log-format=json", "seven");
        assertTrue(errors().startsWith("{\"time\":"), errors());
        err.reset();
        run("--log-format", "json", "seven");
        assertTrue(errors().startsWith("{\"time\":"), errors());
        err.reset();
        run("--json", "--log-format=text", "seven");
        assertTrue(errors().startsWith("relay: <localport> is 'seven'"), errors());
        err.reset();
        run(Map.of("RELAY_LOG_FORMAT", "json"), "seven");
        assertTrue(errors().startsWith("{\"time\":"), errors());
        err.reset();
        assertEquals(ExitCode.USAGE, run("--log-format=xml", "0"));
        assertEquals("relay: --log-format is 'xml', it must be text or json; see relay --help\n", errors());
    }

    @Test
    void standardOutputThatCannotBeWritten() {
        PrintStream broken = new PrintStream(new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("No space left on device");
            }
        });
        for (String argument : new String[] {"--help", "--version", "0", "demo"}) {
            Shutdown shutdown = new Shutdown();
            assertEquals(ExitCode.FAILURE, new Cli(Map.of(), broken, print(err), shutdown).run(argument), argument);
            shutdown.closeAll();
        }
        assertEquals(
                4,
                errors().lines()
                        .filter(line -> line.startsWith("relay: cannot write to standard output"))
                        .count());
    }

    @Test
    void stackTraceOnlyForDebugging() throws IOException {
        try (ServerSocket taken = new ServerSocket(0)) {
            run("" + taken.getLocalPort());
            assertEquals(1, errors().lines().count());
            run("--log-level=debug", "" + taken.getLocalPort());
            assertTrue(errors().contains("\tat org.relay4j."), errors());
        }
    }

    @Test
    void quiet() {
        assertEquals(ExitCode.USAGE, run("--quiet", "--log-level=info", "0"));
        assertEquals("relay: --quiet and --log-level are both set; use one of them; see relay --help\n", errors());
        err.reset();
        assertEquals(ExitCode.OK, run("--quiet", "version"));
        assertEquals("", errors());
    }

    @Test
    void badLogLevel() {
        assertEquals(ExitCode.USAGE, run("--log-level=loud", "0"));
        assertTrue(errors().contains("--log-level is 'loud'"), errors());
    }

    @Test
    void noServer() throws IOException {
        int port = FixedPort.free();
        assertEquals(ExitCode.UNREACHABLE, run("--localForwardPort=9", "127.0.0.1", "" + port));
        assertEquals(1, errors().lines().count(), errors());
        assertEquals("", out.toString(StandardCharsets.UTF_8));
    }

    @Test
    void addressesOfAnotherMachine() {
        assertEquals(ExitCode.USAGE, run("--bind=192.0.2.1", "0"));
        assertTrue(errors().contains("--bind is '192.0.2.1', it must be an address of this machine"), errors());
        assertEquals(ExitCode.USAGE, run("--public-bind=192.0.2.1", "0"));
        assertTrue(errors().contains("--public-bind is '192.0.2.1', it must be an address of this machine"), errors());
    }

    @Test
    void unknownLocalHost() {
        assertEquals(
                ExitCode.USAGE, run("--localForwardPort=9", "--local-host=no-such-host.invalid", "127.0.0.1", "7000"));
        assertTrue(errors().contains("--local-host is 'no-such-host.invalid'"), errors());
    }

    @Test
    @Tag("slow")
    void demo() {
        assertEquals(ExitCode.OK, run("demo", "--once"), this::errors);
        assertTrue(
                out.toString(StandardCharsets.UTF_8).contains("6. The visitor asked again for http://"),
                out.toString(StandardCharsets.UTF_8));
    }

    @Test
    void failuresOfTheFirstAttempt() {
        failure(
                ExitCode.UNREACHABLE,
                "; check the address",
                new RelayUnreachableException("cannot connect to a:1: refused", null));
        failure(
                ExitCode.UNREACHABLE,
                "check the name",
                new RelayUnreachableException("unknown host a", new UnknownHostException("a")));
        failure(
                ExitCode.UNREACHABLE,
                "; check that relay.example.com:7000 is",
                new RelayProtocolException("answered \"SSH\"", null));
        failure(ExitCode.PORT_UNAVAILABLE, "no-port-free", refusal("no-port-free", "all taken"));
        failure(ExitCode.PORT_UNAVAILABLE, "limit-reached", refusal("limit-reached", "3 tunnels"));
        failure(ExitCode.PORT_UNAVAILABLE, "--port", refusal("port-unavailable", "taken"));
        failure(ExitCode.NOT_ACCEPTED, "; set --name and --key-file", refusal("auth-required", ""));
        failure(ExitCode.NOT_ACCEPTED, "; check --name", refusal("auth-failed", ""));
        failure(ExitCode.NOT_ACCEPTED, "tls-mismatch", refusal("tls-mismatch", ""));
        failure(ExitCode.NOT_ACCEPTED, "expired", new RelayCertificateException("it has expired", null));
        failure(ExitCode.FAILURE, "internal", refusal("internal", ""));
        failure(ExitCode.FAILURE, "a; check --local-host", new UnknownHostException("unknown local host a"));
        failure(ExitCode.FAILURE, "relay.example.com:7000", new RelayException("strange", null));
        // Not a failure of the lease file, even if there is one.
        failure(ExitCode.FAILURE, "too many open files", new IOException("too many open files"));
        failure(ExitCode.USAGE, "cannot write", new RelayOptionException("leaseFile", "cannot write", null));
        failure(ExitCode.USAGE, "one of --tls, ", new RelayOptionException("tls", "not encrypted", null));
    }

    @Test
    void endsOfTheForwarder() {
        TunnelLostException lost = new TunnelLostException("the connection was reset", false, null);
        assertEquals(ExitCode.TUNNEL_LOST, ForwarderCommand.end("a:1", lost).code());
        CommandFailure defect = ForwarderCommand.end("a:1", new OutOfMemoryError("heap"));
        assertEquals(ExitCode.FAILURE, defect.code());
        assertTrue(defect.getMessage().contains("OutOfMemoryError: heap"), defect.getMessage());
        assertEquals(ExitCode.FAILURE, ForwarderCommand.end("a:1", null).code());
    }

    private static RelayRefusedException refusal(String code, String detail) {
        return new RelayRefusedException("relay.example.com:7000 refused, " + code, code, detail);
    }

    private static void failure(ExitCode code, String part, IOException cause) {
        CommandFailure failure = ForwarderCommand.failure("relay.example.com:7000", cause);
        assertEquals(code, failure.code());
        assertTrue(failure.getMessage().contains(part), failure.getMessage());
        assertEquals(1, failure.getMessage().lines().count(), failure.getMessage());
        assertEquals(cause, failure.getCause());
    }

    private ExitCode run(String... args) {
        return run(Map.of(), args);
    }

    private ExitCode run(Map<String, String> environment, String... args) {
        Shutdown shutdown = new Shutdown();
        try {
            return new Cli(environment, print(out), print(err), shutdown).run(args);
        } finally {
            shutdown.closeAll();
        }
    }

    private static PrintStream print(ByteArrayOutputStream bytes) {
        return new PrintStream(bytes, true, StandardCharsets.UTF_8);
    }

    private String errors() {
        return err.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n");
    }
}
