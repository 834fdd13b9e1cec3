package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class FrameQuantumTest {
    private static final long EPOCH = 1 << 22; // ns

    private final FrameQuantum quantum = new FrameQuantum();
    private final ScriptedPeer peer = ScriptedPeer.client();
    private final MuxStream a = stream(1);
    private final MuxStream b = stream(3);

    @Test
    void streamThatIsAloneGetsAWholeInitialWindow() {
        for (long now = -3 * EPOCH; now < 5 * EPOCH; now += EPOCH / 4) {
            assertEquals(256 * 1024, quantum.limit(a, now));
            quantum.used(a, now);
        }
    }

    @Test
    void framesOverALongPathAreSmall() {
        ScriptedPeer far = ScriptedPeer.server();
        far.opens();
        far.sends(Wire.ack(1)).afresh();
        far.core.ping();
        far.reads();
        far.afterSeconds(0.001).sends(Wire.pong(1));
        far.writesBytes(1, 100_000);
        far.expects(Wire.data(0, 1, new byte[100_000])).sends(Wire.update(1, 100_000));
        // The shortest round trip counts: the path has become longer when that is forgotten, after a minute.
        for (int n = 2; n < 5; n++) {
            far.afterSeconds(31).core.ping();
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
        assertTrue(Frame.HEADER_LENGTH + FrameQuantum.SHARED + headers < 1 << 16);
    }

    @Test
    void secondStreamOfAnEpochMakesThemShare() {
        quantum.used(a, 10);
        assertEquals(FrameQuantum.SHARED, quantum.limit(b, 11));
        quantum.used(b, 11);
        assertEquals(FrameQuantum.SHARED, quantum.limit(a, 12));
        assertEquals(FrameQuantum.SHARED, quantum.limit(b, 12));
    }

    @Test
    void streamsOfTheEpochBeforeCount() {
        quantum.used(a, 10);
        quantum.used(b, 11);
        assertEquals(FrameQuantum.SHARED, quantum.limit(a, EPOCH + 1));
        assertEquals(FrameQuantum.ALONE, quantum.limit(a, 2 * EPOCH + 1));
    }

    @Test
    void silenceOfAnEpochForgetsTheOthers() {
        quantum.used(a, 10);
        quantum.used(b, 11);
        assertEquals(FrameQuantum.ALONE, quantum.limit(a, 7 * EPOCH));
    }

    @Test
    void streamCountsOnceHoweverOftenItSends() {
        for (int n = 0; n < 100; n++) quantum.used(a, n);
        assertEquals(FrameQuantum.ALONE, quantum.limit(a, 200));
        assertEquals(FrameQuantum.ALONE, quantum.limit(a, EPOCH));
    }

    @Test
    void streamsAreCountedFromTheFirstNanosecondOnWhicheverItIs() {
        for (long start : new long[] {Long.MIN_VALUE, -1, 0, Long.MAX_VALUE - 1}) {
            FrameQuantum fresh = new FrameQuantum();
            MuxStream c = stream(5);
            MuxStream d = stream(7);
            fresh.used(c, start);
            assertEquals(FrameQuantum.ALONE, fresh.limit(c, start), "at " + start);
            assertEquals(FrameQuantum.SHARED, fresh.limit(d, start), "at " + start);
        }
    }

    private MuxStream stream(int id) {
        return new MuxStream(peer.core, id, false, 0, Refused.INSTANCE);
    }
}
