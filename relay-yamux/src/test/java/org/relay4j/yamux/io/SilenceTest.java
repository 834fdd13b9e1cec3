package org.relay4j.yamux.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Which peers are pinged, and which count as silent, in virtual time. */
class SilenceTest {
    private static final long MS = TimeUnit.MILLISECONDS.toNanos(1);

    private final Silence silence = new Silence(0);
    private long now; // ns
    private long received; // ns
    private long roundTrip; // ns
    private long bytes;
    private int pings;
    private int beats;
    private long pause = Silence.BEAT; // ns
    private boolean answers = true;

    /** Lets the beats of some time pass; the peer answers at once, if at all. Returns false if the beats have ended. */
    private boolean pass(long ms) {
        for (long end = now + ms * MS; now < end; ) {
            now += pause;
            silence.look(now, received, roundTrip, bytes);
            if (!silence.continues(now)) return false;
            if (silence.asks(now, received)) {
                pings++;
                if (answers) received = now;
            }
            pause = silence.pause(now, received);
            beats++;
        }
        return true;
    }

    @Test
    void peerThatSendsDataIsNotPinged() {
        silence.watch(now);
        for (int i = 0; i < 60; i++) {
            received = now;
            bytes += 100;
            assertTrue(pass(500), "data prolong the watch");
        }
        assertEquals(0, pings);
    }

    @Test
    void peerIsSilentWhenAPingIsUnansweredForOneAndAHalfSeconds() {
        silence.watch(now);
        answers = false;
        pass(1_000);
        assertEquals(1, pings, "it was quiet for a second");
        pass(1_000);
        assertFalse(silence.isSilent());
        pass(500);
        assertTrue(silence.isSilent());
    }

    @Test
    void connectionThatIsPingedAllTheTimeIsSilentEarlier() {
        silence.constant(true);
        answers = false;
        pass(500);
        assertEquals(1, pings);
        pass(1_000);
        assertFalse(silence.isSilent());
        pass(500);
        assertTrue(silence.isSilent());
    }

    /** One that was idle before has nothing to answer. */
    @Test
    void peerThatWasIdleBeforeItIsWatchedIsNotSilent() {
        now = 60_000 * MS;
        silence.watch(now);
        pass(500);
        assertEquals(1, pings);
        assertFalse(silence.isSilent());
    }

    @Test
    void silentPeerIsPingedUntilItSpeaks() {
        silence.watch(now);
        answers = false;
        assertTrue(pass(300_000), "the watch has long expired");
        assertTrue(silence.isSilent());
        received = now;
        assertFalse(pass(500));
        assertFalse(silence.isSilent());
    }

    @Test
    void watchThatFadesPingsMoreAndMoreSeldom() {
        silence.watch(now);
        assertTrue(pass(12_000));
        assertTrue(pings >= 9 && pings <= 11, () -> pings + " pings");
        pings = 0;
        beats = 0;
        assertTrue(pass(190_000));
        assertTrue(pings > 15 && pings < 30, () -> pings + " pings");
        assertTrue(beats <= 2 * pings + 2, () -> beats + " beats");
        assertFalse(pass(90_000), "it is idle");
        assertFalse(silence.isSilent());
        pause = Silence.BEAT;
        silence.watch(now);
        pings = 0;
        assertTrue(pass(4_000));
        assertTrue(pings >= 3, () -> pings + " pings, as if it had never been idle");
    }

    @Test
    void peerThatFallsSilentWhileTheWatchFadesIsFoundOut() {
        silence.watch(now);
        assertTrue(pass(60_000));
        answers = false;
        assertTrue(pass(60_000 / 7 + 2_500));
        assertTrue(silence.isSilent());
        assertTrue(pass(600_000), "it is pinged until it speaks");
    }

    /** Another connection joins because this one does not answer, so both are pinged all the time. The visitors here may survive. */
    @Test
    void peerThatWasSilentBeforeTheConstantModeMayStaySilent() {
        silence.watch(now);
        answers = false;
        pass(1_000);
        assertEquals(1, pings);
        silence.constant(true);
        for (int beat = 0; beat < 100; beat++) {
            pass(500);
            assertFalse(silence.mustAnswer());
        }
        assertTrue(silence.isSilent());
        received = now;
        pass(500);
        assertFalse(silence.isSilent());
        assertTrue(silence.mustAnswer(), "as any connection that shares its visitors");
    }

    @Test
    void onlyTheConstantModeWantsAnAnswer() {
        silence.watch(now);
        pass(1_500);
        assertFalse(silence.mustAnswer());
        silence.constant(true);
        pass(500);
        assertTrue(silence.mustAnswer());
        answers = false;
        pass(5_000);
        assertTrue(silence.mustAnswer());
        silence.constant(false);
        pass(500);
        assertFalse(silence.mustAnswer());
    }

    @Test
    void bytesThatArriveAfterThePingAreAnAnswer() {
        silence.watch(now);
        answers = false;
        pass(2_000);
        received = now;
        pass(500);
        assertFalse(silence.isSilent());
    }

    @Test
    void longPathsHaveThreeRoundTrips() {
        roundTrip = 1_000 * MS;
        silence.watch(now);
        answers = false;
        pass(3_500);
        assertFalse(silence.isSilent());
        pass(500);
        assertTrue(silence.isSilent());
    }
}
