package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.api.Test;

class KeepAliveTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long START = -5 * SECOND; // clocks may be negative

    private final SendQueue output = new SendQueue(new CountingBuffers());

    @Test
    void asksAfterTheIntervalAndNotBefore() {
        KeepAlive keepAlive = keepAlive(new Options().keepAlive(30, 10));
        assertNull(keepAlive.tick(START + 30 * SECOND - 1));
        assertEquals("", sent());
        assertNull(keepAlive.tick(START + 30 * SECOND));
        assertEquals(Wire.ping(1), sent());
    }

    @Test
    void anyByteMovesTheQuestionBack() {
        KeepAlive keepAlive = keepAlive(new Options().keepAlive(30, 10));
        keepAlive.received(START + 29 * SECOND);
        assertNull(keepAlive.tick(START + 58 * SECOND));
        assertEquals("", sent());
        assertNull(keepAlive.tick(START + 59 * SECOND));
        assertEquals(Wire.ping(1), sent());
    }

    @Test
    void oneQuestionAtATime() {
        KeepAlive keepAlive = keepAlive(new Options().keepAlive(30, 10));
        keepAlive.ping(START);
        keepAlive.ping(START + 1);
        assertEquals(Wire.ping(1), sent());
        keepAlive.ping(START + 2);
        assertEquals("", sent());
        assertEquals(7, keepAlive.pong(1, START + 7));
        keepAlive.ping(START + 8);
        assertEquals(Wire.ping(2), sent());
    }

    @Test
    void answerCountsOnceAndOnlyForOurQuestion() {
        KeepAlive keepAlive = keepAlive(new Options().keepAlive(30, 10));
        assertEquals(-1, keepAlive.pong(0, START));
        keepAlive.ping(START);
        assertEquals(-1, keepAlive.pong(2, START + 1));
        assertEquals(5, keepAlive.pong(1, START + 5));
        assertEquals(-1, keepAlive.pong(1, START + 6));
    }

    @Test
    void silencePastTheTimeoutEndsTheSession() {
        KeepAlive keepAlive = keepAlive(new Options().keepAlive(30, 10));
        assertNull(keepAlive.tick(START + 30 * SECOND));
        sent();
        assertNull(keepAlive.tick(START + 40 * SECOND - 1));
        Cause cause = keepAlive.tick(START + 40 * SECOND);
        assertNotNull(cause);
        assertEquals(Cause.Kind.TIMEOUT, cause.kind());
        assertEquals("the peer has been silent for 40000 ms and did not answer a ping", cause.message());
    }

    /** A process that was stopped cannot tell whether its peer was silent. */
    @Test
    void ownAbsenceIsNoSilenceOfThePeer() {
        KeepAlive keepAlive = keepAlive(new Options().keepAlive(30, 10));
        assertNull(keepAlive.tick(START + 30 * SECOND));
        keepAlive.away(60 * SECOND);
        assertNull(keepAlive.tick(START + 91 * SECOND));
        assertNull(keepAlive.tick(START + 100 * SECOND - 1));
        assertNotNull(keepAlive.tick(START + 100 * SECOND), "the peer has had its time");
    }

    @Test
    void absenceMakesNoQuestionOfAnAnswer() {
        KeepAlive keepAlive = keepAlive(new Options().keepAlive(30, 10));
        assertNull(keepAlive.tick(START + 30 * SECOND));
        assertEquals(Wire.ping(1), sent());
        keepAlive.received(START + 31 * SECOND); // data, and the answer got lost
        keepAlive.away(60 * SECOND);
        assertNull(keepAlive.tick(START + 92 * SECOND));
        assertEquals(Wire.ping(2), sent());
        assertNull(keepAlive.tick(START + 102 * SECOND - 1));
        assertNotNull(keepAlive.tick(START + 102 * SECOND));
    }

    /** A connection that is watched more closely must not end earlier. */
    @Test
    void probeWithoutAnswerDoesNotEndTheSessionEarlier() {
        KeepAlive keepAlive = keepAlive(new Options().keepAlive(30, 10));
        for (int second = 1; second < 40; second++) {
            keepAlive.probe(START + second * SECOND);
            sent();
            assertNull(keepAlive.tick(START + second * SECOND));
        }
        assertNotNull(keepAlive.tick(START + 40 * SECOND));
    }

    @Test
    void answerToAProbeIsOneToTheQuestionAfterIt() {
        KeepAlive keepAlive = keepAlive(new Options().keepAlive(30, 10));
        keepAlive.probe(START);
        keepAlive.ping(START + 1);
        assertEquals(Wire.ping(1), sent());
        keepAlive.probe(START + 2);
        assertNull(keepAlive.tick(START + 10 * SECOND));
        assertNotNull(keepAlive.tick(START + 10 * SECOND + 1), "the question has its own time");
    }

    /** A probe takes the place of a question whose answer got lost; the keep-alive then asks anew. */
    @Test
    void probesDoNotPutOffTheEnd() {
        KeepAlive keepAlive = keepAlive(new Options().keepAlive(30, 10));
        keepAlive.ping(START);
        keepAlive.received(START + SECOND); // lives, though the answer got lost
        for (int second = 2; second < 41; second++) {
            keepAlive.probe(START + second * SECOND);
            sent();
            assertNull(keepAlive.tick(START + second * SECOND));
        }
        keepAlive.probe(START + 41 * SECOND);
        assertNotNull(keepAlive.tick(START + 41 * SECOND));
    }

    @Test
    void peerThatSendsButDoesNotAnswerLives() {
        KeepAlive keepAlive = keepAlive(new Options().keepAlive(30, 10));
        keepAlive.ping(START);
        sent();
        for (int second = 1; second < 100; second++) {
            keepAlive.received(START + second * SECOND);
            assertNull(keepAlive.tick(START + second * SECOND + 1));
        }
    }

    @Test
    void answerThatGotLostDoesNotSilenceLaterQuestions() {
        KeepAlive keepAlive = keepAlive(new Options().keepAlive(30, 10));
        keepAlive.ping(START);
        assertEquals(Wire.ping(1), sent());
        keepAlive.received(START + 9 * SECOND);
        keepAlive.ping(START + 10 * SECOND - 1);
        assertEquals("", sent());
        keepAlive.ping(START + 10 * SECOND);
        assertEquals(Wire.ping(2), sent());
        assertEquals(-1, keepAlive.pong(1, START + 11 * SECOND));
        assertEquals(2 * SECOND, keepAlive.pong(2, START + 12 * SECOND));
    }

    @Test
    void silenceAfterALostAnswerIsAskedAboutBeforeItEndsTheSession() {
        KeepAlive keepAlive = keepAlive(new Options().keepAlive(30, 10));
        keepAlive.ping(START);
        sent();
        keepAlive.received(START + SECOND); // lives, though the answer got lost
        assertNull(keepAlive.tick(START + 30 * SECOND));
        assertEquals("", sent());
        assertNull(keepAlive.tick(START + 31 * SECOND));
        assertEquals(Wire.ping(2), sent());
        assertNull(keepAlive.tick(START + 41 * SECOND - 1));
        assertNotNull(keepAlive.tick(START + 41 * SECOND));
    }

    @Test
    void callersWhoGoOnAskingDoNotPutOffTheEnd() {
        KeepAlive keepAlive = keepAlive(new Options().keepAlive(30, 10));
        keepAlive.ping(START);
        keepAlive.ping(START + 10 * SECOND);
        assertNotNull(keepAlive.tick(START + 10 * SECOND + 1));
    }

    @Test
    void intervalOfZeroNeverAsks() {
        KeepAlive keepAlive = keepAlive(new Options().keepAlive(0, 10));
        keepAlive.ping(START);
        sent();
        assertNull(keepAlive.tick(START + 100_000 * SECOND));
        assertEquals("", sent());
    }

    @Test
    void timeoutOfZeroAsksAndWaitsForEver() {
        KeepAlive keepAlive = keepAlive(new Options().keepAlive(30, 0));
        assertNull(keepAlive.tick(START + 30 * SECOND));
        assertEquals(Wire.ping(1), sent());
        assertNull(keepAlive.tick(START + 100_000 * SECOND));
    }

    @Test
    void outputWithoutProgressEndsTheSession() {
        KeepAlive keepAlive = keepAlive(new Options().keepAlive(0, 0).writeStallTimeout(30));
        assertNull(keepAlive.tick(START + 100 * SECOND));
        output.append(Frame.WINDOW_UPDATE, Frame.FIN, 1, 0);
        assertNull(keepAlive.tick(START + 200 * SECOND)); // seen waiting from here on
        assertNull(keepAlive.tick(START + 230 * SECOND - 1));
        Cause cause = keepAlive.tick(START + 230 * SECOND);
        assertNotNull(cause);
        assertEquals(Cause.Kind.TIMEOUT, cause.kind());
        assertEquals("the peer has read no data for 30000 ms", cause.message());
    }

    @Test
    void ownAbsenceIsNoStallOfTheOutput() {
        KeepAlive keepAlive = keepAlive(new Options().keepAlive(0, 0).writeStallTimeout(30));
        output.append(Frame.WINDOW_UPDATE, Frame.FIN, 1, 0);
        assertNull(keepAlive.tick(START));
        keepAlive.away(60 * SECOND);
        assertNull(keepAlive.tick(START + 61 * SECOND));
        assertNotNull(keepAlive.tick(START + 90 * SECOND));
    }

    @Test
    void everyByteThatLeavesIsProgress() {
        KeepAlive keepAlive = keepAlive(new Options().keepAlive(0, 0).writeStallTimeout(30));
        output.append(Frame.WINDOW_UPDATE, Frame.FIN, 1, 0);
        for (int second = 0; second < 11; second++) {
            output.sent(1);
            keepAlive.sent(START + 29L * second * SECOND);
            assertNull(keepAlive.tick(START + 29L * second * SECOND + 28 * SECOND));
        }
    }

    @Test
    void outputThatDrainedAndFilledAgainWaitsAnew() {
        KeepAlive keepAlive = keepAlive(new Options().keepAlive(0, 0).writeStallTimeout(30));
        output.append(Frame.WINDOW_UPDATE, Frame.FIN, 1, 0);
        assertNull(keepAlive.tick(START));
        output.sent(12);
        keepAlive.sent(START + 20 * SECOND);
        assertNull(keepAlive.tick(START + 40 * SECOND));
        output.append(Frame.WINDOW_UPDATE, Frame.FIN, 1, 0);
        assertNull(keepAlive.tick(START + 60 * SECOND));
        assertNull(keepAlive.tick(START + 89 * SECOND));
        assertNotNull(keepAlive.tick(START + 90 * SECOND));
    }

    private KeepAlive keepAlive(Options options) {
        return new KeepAlive(output, options.build(), START);
    }

    private String sent() {
        StringBuilder hex = new StringBuilder();
        for (java.nio.ByteBuffer out; (out = output.next(0)) != null; ) {
            byte[] bytes = new byte[out.remaining()];
            out.get(bytes);
            output.sent(bytes.length);
            hex.append(java.util.HexFormat.of().formatHex(bytes));
        }
        return hex.toString();
    }
}
