package org.relay4j.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.relay4j.conformance.ScriptedEndpoint.Fault;

class CliTest {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private ExitCode run(String... args) {
        return new Cli(
                        new PrintStream(out, true, StandardCharsets.UTF_8),
                        new PrintStream(err, true, StandardCharsets.UTF_8))
                .run(args);
    }

    private String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    private String err() {
        return err.toString(StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''                                | --listen",
                "localhost                         | localhost",
                "localhost:                        | localhost:",
                "localhost:0                       | localhost:0",
                "localhost:70000                   | localhost:70000",
                "localhost:-1                      | localhost:-1",
                "localhost:seven                   | localhost:seven",
                ":7                                | :7",
                "::1:7                             | ::1:7",
                "[::1]                             | [::1]",
                "localhost:7 localhost:8           | localhost:8",
                "--listen 7000 localhost:7         | localhost:7",
                "--listen 70000                    | 70000",
                "--listen                          | --listen",
                "--role both localhost:7           | both",
                "--timeout 2 localhost:7           | 2",
                "--timeout 0s localhost:7          | 0s",
                "--timeout 11m localhost:7         | 11m",
                "--case nothing/* localhost:7      | nothing/*",
                "--case [ localhost:7              | [",
                "--frobnicate localhost:7          | --frobnicate"
            })
    void wrongArguments(String arguments, String named) {
        ExitCode code = run(arguments.isEmpty() ? new String[0] : arguments.split(" +"));
        assertEquals(ExitCode.USAGE, code, this::err);
        assertEquals(1, err().lines().count(), this::err);
        assertTrue(err().startsWith("yamux-conformance: ") && err().contains(named), this::err);
        assertEquals("", out());
    }

    @Test
    void listsCasesInTheOrderOfTheSuite() {
        assertEquals(ExitCode.OK, run("--list", "--case", "syn/window", "--case", "framing/header-cut-0?"), this::err);
        List<String> lines = out().lines().toList();
        assertEquals(20, lines.size(), this::out);
        assertTrue(lines.get(0).startsWith("framing/header-cut-01 "), this::out);
        assertTrue(lines.get(18).matches("syn/window +MUST +SYN on a Window Update"), this::out);
    }

    @Test
    void textOfAPassAndOfAFailure() throws IOException {
        try (ScriptedEndpoint endpoint = new ScriptedEndpoint(Fault.DIES_OF_SECOND_FIN)) {
            String address = "127.0.0.1:" + endpoint.port();
            assertEquals(ExitCode.FAILED, run("--case", "fin/*open", "--case", "fin/after-fin", address), this::err);
            List<String> lines = out().lines().toList();
            assertEquals("endpoint " + address + ", which is the yamux server", lines.get(0));
            assertTrue(lines.get(1).matches("fin/open +pass +FIN in return"), this::out);
            assertTrue(lines.get(2).matches("fin/after-fin +FAIL .*GoAway\\(1\\).*"), this::out);
            assertTrue(lines.get(4).contains("jvm-libp2p"), this::out);
            assertEquals("2 cases: 1 pass, 0 tolerated, 0 n/a, 1 FAIL", lines.get(5));
        }
    }

    @Test
    void verboseShowsFrames() throws IOException {
        try (ScriptedEndpoint endpoint = new ScriptedEndpoint(Fault.NONE)) {
            assertEquals(ExitCode.OK, run("-v", "--case", "fin/unaccepted", "127.0.0.1:" + endpoint.port()), this::err);
            assertTrue(out().contains("    > WindowUpdate FIN id=1 length=0"), this::out);
            assertTrue(out().contains("    < WindowUpdate FIN id=1 length=0"), this::out);
        }
    }

    @Test
    void json() throws IOException {
        try (ScriptedEndpoint endpoint = new ScriptedEndpoint(Fault.CLOSES_WITHOUT_GO_AWAY)) {
            String address = "127.0.0.1:" + endpoint.port();
            assertEquals(ExitCode.OK, run("--json", "--case", "*/type-4", address), this::err);
            Map<?, ?> report = (Map<?, ?>) JsonReader.parse(out());
            assertEquals(address, report.get("endpoint"));
            assertEquals("client", report.get("role"));
            assertEquals(Map.of("pass", 1L, "tolerated", 1L, "fail", 0L, "not-applicable", 0L), report.get("totals"));
            List<?> cases = (List<?>) report.get("cases");
            Map<?, ?> second = (Map<?, ?>) cases.get(1);
            assertEquals("announce/type-4", second.get("id"));
            assertEquals("SHOULD", second.get("level"));
            assertEquals("tolerated", second.get("verdict"));
            assertEquals("without GoAway, closed the connection", second.get("seen"));
            assertEquals(
                    List.of(
                            Map.of(
                                    "from", "kit", "version", 0L, "type", "Type4", "flags", List.of(), "id", 0L,
                                    "length", 0L),
                            Map.of("from", "endpoint", "note", "closed the connection")),
                    second.get("frames"));
        }
    }

    @Test
    void jsonEscapes() {
        String text = "a \"quoted\" \\ line\n\u0001 é";
        assertEquals(text, JsonReader.parse(Json.quoted(text)));
    }
}
