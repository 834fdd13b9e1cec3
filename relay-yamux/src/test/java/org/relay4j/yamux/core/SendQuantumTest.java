package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class SendQuantumTest {
    private static final long EPOCH = 1 << 22; // ns

    private final SendQuantum quantum = near();
    private long a = SendQuantum.NEVER;
    private long b = SendQuantum.NEVER;

    private static SendQuantum near() {
        SendQuantum near = new SendQuantum();
        near.path(false);
        return near;
    }

    @Test
    void framesAreAsLongAsAnInitialWindowUntilThePathIsMeasured() {
        SendQuantum unknown = new SendQuantum();
        assertEquals(256 * 1024, unknown.limit(SendQuantum.NEVER, 0));
        unknown.path(false);
        assertEquals(1024 * 1024, unknown.limit(SendQuantum.NEVER, 0));
        unknown.path(true);
        assertEquals(32 * 1024, unknown.limit(SendQuantum.NEVER, 0));
    }

    @Test
    void streamThatIsAloneMaySendItsWholeWindow() {
        for (long now = -3 * EPOCH; now < 5 * EPOCH; now += EPOCH / 4) {
            assertEquals(1024 * 1024, quantum.limit(a, now));
            a = quantum.used(a, now);
        }
    }

    @Test
    void framesOverALongPathAreSmall() {
        ScriptedPeer far = ScriptedPeer.server();
        far.opens();
        far.sends(Wire.ack(1)).afresh();
        far.core.ping(far.now());
        far.reads();
        far.afterSeconds(0.001).sends(Wire.pong(1));
        far.writesBytes(1, 100_000);
        far.expects(Wire.data(0, 1, new byte[100_000])).sends(Wire.update(1, 100_000));
        // The shortest round trip counts: the path has become longer when that is forgotten, after a minute.
        for (int n = 2; n < 5; n++) {
            far.afterSeconds(31).core.ping(far.now());
            far.reads();
            far.afterSeconds(0.002).sends(Wire.pong(n));
        }
        far.writesBytes(1, 100_000);
        byte[] full = new byte[32 * 1024];
        far.expects(
                Wire.data(0, 1, full), Wire.data(0, 1, full), Wire.data(0, 1, full), Wire.data(0, 1, new byte[1696]));
    }

    @Test
    void frameOfABusyStreamFitsOneSegment() {
        int headers = 40 + 60; // bytes; IPv6, and TCP with all its options
        assertTrue(Frame.HEADER_LENGTH + SendQuantum.SHARED + headers < 1 << 16);
    }

    @Test
    void secondStreamOfAnEpochMakesThemShare() {
        a = quantum.used(a, 10);
        assertEquals(SendQuantum.SHARED, quantum.limit(b, 11));
        b = quantum.used(b, 11);
        assertEquals(SendQuantum.SHARED, quantum.limit(a, 12));
        assertEquals(SendQuantum.SHARED, quantum.limit(b, 12));
    }

    @Test
    void streamsOfTheEpochBeforeCount() {
        a = quantum.used(a, 10);
        b = quantum.used(b, 11);
        assertEquals(SendQuantum.SHARED, quantum.limit(a, EPOCH + 1));
        assertEquals(SendQuantum.ALONE, quantum.limit(a, 2 * EPOCH + 1));
    }

    @Test
    void silenceOfAnEpochForgetsTheOthers() {
        a = quantum.used(a, 10);
        b = quantum.used(b, 11);
        assertEquals(SendQuantum.ALONE, quantum.limit(a, 7 * EPOCH));
    }

    @Test
    void streamCountsOnceHoweverOftenItSends() {
        for (int n = 0; n < 100; n++) a = quantum.used(a, n);
        assertEquals(SendQuantum.ALONE, quantum.limit(a, 200));
        assertEquals(SendQuantum.ALONE, quantum.limit(a, EPOCH));
    }

    @Test
    void streamsAreCountedFromTheFirstNanosecondOnWhicheverItIs() {
        for (long start : new long[] {Long.MIN_VALUE, -1, 0, Long.MAX_VALUE - 1}) {
            SendQuantum fresh = near();
            long c = SendQuantum.NEVER;
            long d = SendQuantum.NEVER;
            c = fresh.used(c, start);
            assertEquals(SendQuantum.ALONE, fresh.limit(c, start), "at " + start);
            assertEquals(SendQuantum.SHARED, fresh.limit(d, start), "at " + start);
        }
    }
}
