package org.relay4j.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.relay4j.conformance.ScriptedEndpoint.Fault;

/** An endpoint with one fault: the kit finds it, and nothing else. */
@Tag("slow")
class BrokenEndpointIT {
    private static final Duration TIMEOUT = Duration.ofSeconds(1);

    /** The window of the scripted endpoint never grows. */
    private static final Map<String, Verdict> NO_LARGE_WINDOW =
            Map.of("credit/frame-above-1-mib", Verdict.NOT_APPLICABLE);

    @Test
    void noFault() throws IOException {
        check(Fault.NONE, Map.of());
    }

    @Test
    void ignoresWindow() throws IOException {
        Map<String, Verdict> expected = new TreeMap<>();
        for (String name : new String[] {"after-fin", "initial", "announced", "one-byte", "pieces", "zero"})
            expected.put("window/" + name, Verdict.FAIL);
        expected.put("credit/on-consumption", Verdict.TOLERATED);
        expected.put("syn/after-fin", Verdict.TOLERATED); // the stream has come to its end already
        check(Fault.IGNORES_WINDOW, expected);
    }

    @Test
    void answersUnknownStreams() throws IOException {
        check(
                Fault.ANSWERS_UNKNOWN_STREAMS,
                Map.of("unknown/silent", Verdict.TOLERATED, "unknown/silent-closed", Verdict.TOLERATED));
    }

    @Test
    void sendsSecondFin() throws IOException {
        check(
                Fault.SENDS_SECOND_FIN,
                Map.of(
                        "fin/nothing-after", Verdict.FAIL,
                        "syn/closed", Verdict.TOLERATED, // the second FIN hits the next stream with that id
                        "unknown/silent-closed", Verdict.TOLERATED,
                        "emit/no-credit-after-fin", Verdict.TOLERATED));
    }

    @Test
    void neverPongs() throws IOException {
        Map<String, Verdict> expected = new TreeMap<>();
        for (String name :
                new String[] {"first", "value-0", "value-1", "value-80000000", "value-ffffffff", "no-credit", "answer"})
            expected.put("ping/" + name, Verdict.FAIL);
        for (String name : new String[] {
            "ping/id", "ping/none-unsolicited", "ping/burst-answered", "flags/ping-0x0010", "flags/ping-0x8000"
        }) expected.put(name, Verdict.TOLERATED);
        check(Fault.NEVER_PONGS, expected);
    }

    @Test
    void closesWithoutGoAway() throws IOException {
        Map<String, Verdict> expected = new TreeMap<>();
        for (Case one : Suite.matching("announce/*")) expected.put(one.id(), Verdict.TOLERATED);
        check(Fault.CLOSES_WITHOUT_GO_AWAY, expected);
    }

    @Test
    void dropsBodyOfFin() throws IOException {
        check(
                Fault.DROPS_BODY_OF_FIN,
                Map.of(
                        "fin/data", Verdict.FAIL,
                        "fin/data-late-body", Verdict.FAIL,
                        "fin/data-body-in-pieces", Verdict.FAIL,
                        "syn/fin-data", Verdict.TOLERATED));
    }

    @Test
    void diesOfSecondFin() throws IOException {
        check(Fault.DIES_OF_SECOND_FIN, Map.of("fin/after-fin", Verdict.FAIL));
    }

    @Test
    void acceptsMoreThanItsWindow() throws IOException {
        check(
                Fault.TAKES_MORE_THAN_ITS_WINDOW,
                Map.of(
                        "reject/overrun", Verdict.FAIL,
                        "reject/overrun-syn", Verdict.FAIL,
                        "announce/overrun", Verdict.NOT_APPLICABLE,
                        "announce/overrun-syn", Verdict.NOT_APPLICABLE));
    }

    @Test
    void neverAcknowledges() throws IOException {
        check(
                Fault.NEVER_ACKNOWLEDGES,
                Map.of(
                        "ack/sent", Verdict.FAIL,
                        "ack/once", Verdict.TOLERATED,
                        "ack/at-once", Verdict.TOLERATED,
                        "emit/acknowledges-first", Verdict.TOLERATED));
    }

    private static void check(Fault fault, Map<String, Verdict> expected) throws IOException {
        Map<String, Verdict> all = new TreeMap<>(expected);
        all.putAll(NO_LARGE_WINDOW);
        try (ScriptedEndpoint endpoint = new ScriptedEndpoint(fault);
                Runner runner =
                        new Runner(new Endpoint.Listening("127.0.0.1", endpoint.port()), Role.CLIENT, TIMEOUT)) {
            Map<String, Verdict> found = new TreeMap<>();
            StringBuilder seen = new StringBuilder();
            for (Case one : Suite.all()) {
                Result result = runner.run(one);
                if (result.verdict() == Verdict.PASS) continue;
                found.put(one.id(), result.verdict());
                seen.append('\n').append(one.id()).append(": ").append(result.seen());
            }
            assertEquals(all, found, seen::toString);
        }
    }
}
