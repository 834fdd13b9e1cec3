package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.relay4j.yamux.core.SessionClosing.Step;

class SessionClosingTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long SILENCE = SECOND; // ns
    private static final Cause CLOSED = new Cause(Cause.Kind.CLOSED_LOCALLY, "closed");

    private final SessionClosing closing = new SessionClosing(SILENCE);
    private long now = Long.MAX_VALUE - SECOND; // the clock may wrap round

    private void expect(Step step, boolean outputLeft) {
        assertEquals(step, closing.next(CLOSED, outputLeft, now));
    }

    /** A session whose output is written: the peer has to end now. */
    private void drain() {
        expect(Step.CLOSE_OUTPUT, false);
        expect(Step.DRAIN, false);
    }

    @Test
    void nothingHappensWhileTheSessionIsNotOver() {
        assertEquals(Step.NONE, closing.next(null, true, now));
        assertTrue(closing.isOpen());
        now += 1000 * SECOND;
        assertEquals(Step.NONE, closing.next(null, false, now));
    }

    @ParameterizedTest
    @EnumSource(Cause.Kind.class)
    void onlyAPeerThatMayReadIsWaitedFor(Cause.Kind kind) {
        boolean waits = closing.next(new Cause(kind, "over"), true, now) == Step.FLUSH;
        assertEquals(kind.peerMayRead(), waits);
        assertEquals(!waits, closing.isClosed());
        assertFalse(closing.isOpen());
    }

    @Test
    void outputIsFlushedAsLongAsThePeerTakesSomething() {
        expect(Step.FLUSH, true);
        for (int n = 0; n < 4; n++) {
            now += SECOND - 1;
            expect(Step.FLUSH, true);
            closing.wrote(now);
        }
        assertEquals(SECOND, closing.deadline() - now);
        now += SECOND - 1;
        expect(Step.FLUSH, true);
        now++;
        expect(Step.CLOSE, true);
    }

    @Test
    void outputIsNotFlushedForEver() {
        expect(Step.FLUSH, true);
        long start = now;
        while (now - start < SessionClosing.FLUSH_MOST - SECOND / 2) {
            now += SECOND / 2;
            closing.wrote(now);
        }
        assertEquals(SessionClosing.FLUSH_MOST, closing.deadline() - start);
        expect(Step.FLUSH, true);
        now = closing.deadline();
        expect(Step.CLOSE, true);
    }

    @Test
    void outputEndsOnceAndThePeerMayFollow() {
        expect(Step.FLUSH, true);
        drain();
        closing.peerEnded();
        expect(Step.CLOSE, false);
        expect(Step.CLOSE, false);
    }

    @Test
    void peerThatHasEndedBeforeIsNotWaitedFor() {
        expect(Step.FLUSH, true);
        closing.peerEnded();
        expect(Step.FLUSH, true); // it may still be reading
        expect(Step.CLOSE, false);
    }

    @Test
    void waitsForASilentPeerUntilItsLimit() {
        drain();
        assertEquals(SILENCE, closing.deadline() - now);
        now += SILENCE - 1;
        expect(Step.DRAIN, false);
        now++;
        expect(Step.CLOSE, false);
    }

    @Test
    void peerThatGoesOnSendingIsWaitedForLonger() {
        drain();
        long start = now;
        while (now - start < SessionClosing.DRAIN_MOST - SILENCE / 2) {
            now += SILENCE / 2;
            closing.received(now);
        }
        assertEquals(SessionClosing.DRAIN_MOST, closing.deadline() - start);
        expect(Step.DRAIN, false);
        now = closing.deadline();
        expect(Step.CLOSE, false);
    }

    @Test
    void whatIsReceivedWhileOutputIsFlushedDoesNotPutOffTheEnd() {
        expect(Step.FLUSH, true);
        now += SECOND;
        closing.received(now);
        expect(Step.CLOSE, true);
    }

    @Test
    void nothingIsWaitedForAfterTheEnd() {
        closing.close();
        expect(Step.CLOSE, true);
        assertTrue(closing.isClosed());
    }
}
