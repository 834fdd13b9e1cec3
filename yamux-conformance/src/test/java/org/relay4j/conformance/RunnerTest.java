package org.relay4j.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.relay4j.conformance.ScriptedEndpoint.Fault;
import org.relay4j.testing.FixedPort;

/** From the outcome of a script to a verdict. */
class RunnerTest {
    private static final Rule RULE = Rule.robust("A rule.");
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    @Test
    void verdicts() throws IOException {
        Script deviates = peer -> {
            throw new Deviation("blue");
        };
        Script cannotSay = peer -> {
            throw new NotApplicable("dark");
        };
        assertEquals("pass red", run(Case.must("a/b", "", RULE, peer -> "red")));
        assertEquals("FAIL blue", run(Case.must("a/b", "", RULE, deviates)));
        assertEquals("tolerated blue", run(Case.should("a/b", "", RULE, deviates)));
        assertEquals("n/a dark", run(Case.must("a/b", "", RULE, cannotSay)));
    }

    private static String run(Case one) throws IOException {
        try (ScriptedEndpoint endpoint = new ScriptedEndpoint(Fault.NONE);
                Runner runner =
                        new Runner(new Endpoint.Listening("127.0.0.1", endpoint.port()), Role.CLIENT, TIMEOUT)) {
            Result result = runner.run(one);
            return result.verdict() + " " + result.seen();
        }
    }

    @Test
    void noConnectionIsAFailure() throws IOException {
        int port = FixedPort.free();
        try (Runner runner =
                new Runner(new Endpoint.Listening("127.0.0.1", port), Role.CLIENT, Duration.ofMillis(50))) {
            Result result = runner.run(Case.should("a/b", "", RULE, peer -> "red"));
            assertEquals(Verdict.FAIL, result.verdict());
            assertTrue(result.seen().contains("127.0.0.1:" + port), result::seen);
        }
    }

    @Test
    void traceHasBothDirectionsInOrder() throws IOException {
        try (ScriptedEndpoint endpoint = new ScriptedEndpoint(Fault.NONE);
                Runner runner =
                        new Runner(new Endpoint.Listening("127.0.0.1", endpoint.port()), Role.CLIENT, TIMEOUT)) {
            Result result = runner.run(Suite.matching("fin/data").get(0));
            String body = "length=100 " + Frame.data(0, 1, Payload.of(100)).bodyStart();
            assertEquals(
                    "> WindowUpdate SYN id=1 length=0\n> Data FIN id=1 " + body + "\n< WindowUpdate ACK id=1 length=0\n"
                            + "< Data - id=1 " + body + "\n< WindowUpdate FIN id=1 length=0",
                    String.join(
                            "\n",
                            result.trace().lines().stream()
                                    .map(Trace.Line::toString)
                                    .toList()));
        }
    }

    @Test
    void traceIsBounded() {
        Trace trace = new Trace();
        for (int i = 0; i < Trace.LIMIT + 7; i++) trace.note(true, "x");
        assertEquals(Trace.LIMIT, trace.lines().size());
        assertEquals(7, trace.omitted());
    }
}
