package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** A peer that wants us to spend memory: each of its floods has a bound, most of them while it does not read. */
class HostilePeerTest {
    private static final int OUTPUT = SendBuffer.CAPACITY;

    private final ScriptedPeer peer = ScriptedPeer.server();

    // ---- answers that the peer does not read

    @Test
    void burstOfPingsIsAnsweredInFull() {
        StringBuilder expected = new StringBuilder();
        StringBuilder pings = new StringBuilder();
        for (int n = 0; n < 10_000; n++) {
            pings.append(Wire.ping(n));
            expected.append(Wire.pong(n));
        }
        peer.sends(pings.toString()).expects(expected.toString());
    }

    @Test
    void pingFloodOfAPeerThatDoesNotReadEndsTheSession() {
        int answered = flood(n -> Wire.ping(n));
        assertTrue(answered < 50_000, answered + " pings were taken");
        peer.told("end PROTOCOL_ERROR");
        assertOneOutputBuffer();
        byte[] sent = peer.reads();
        assertEquals(Wire.goAway(1), Wire.lines(java.util.Arrays.copyOfRange(sent, sent.length - 12, sent.length)));
        peer.leavesNothing();
    }

    @Test
    void burstOfStreamsAboveTheLimitIsRefusedInFull() {
        peer.userRefuses(true);
        StringBuilder syns = new StringBuilder();
        for (int id = 2; id <= 2000; id += 2) syns.append(Wire.syn(id));
        peer.sends(syns.toString());
        assertEquals(12_000, peer.reads().length);
        assertNull(peer.core.ended());
        peer.leavesNothing();
    }

    @Test
    void synFloodOfAPeerThatDoesNotReadEndsTheSession() {
        peer.userRefuses(true);
        int refused = flood(n -> Wire.syn(2 + 2 * n));
        assertTrue(refused < 50_000, refused + " streams were refused");
        peer.told("end PROTOCOL_ERROR");
        assertOneOutputBuffer();
    }

    @Test
    void resetsThatFindNoRoomStayWithinTheLimitOnStreams() {
        stallOutput();
        int before = peer.core.streamCount();
        for (int n = 0; n < 65_536; n++) {
            int id = 2 + 2 * n;
            peer.sends(Wire.syn(id)).stream(id).reset(0);
        }
        assertEquals(before + 65_536, peer.core.streamCount());
        peer.forgets(2).sends(Wire.syn(1_000_000)).toldNothing();
        assertEquals(before + 65_536, peer.core.streamCount());
        assertOneOutputBuffer();
        peer.reads();
        assertEquals(before, peer.core.streamCount());
    }

    @Test
    void finsThatFindNoRoomStayWithinTheLimitOnStreams() {
        stallOutput();
        int before = peer.core.streamCount();
        for (int n = 0; n < 1000; n++) {
            int id = 2 + 2 * n;
            peer.sends(Wire.syn(id), Wire.fin(id)).accepts(id).stream(id).closeWrite(peer.now());
        }
        assertEquals(before + 1000, peer.core.streamCount());
        assertOneOutputBuffer();
        peer.reads();
        assertEquals(before, peer.core.streamCount());
        assertEquals(0, peer.core.parts().queue().control.size());
    }

    @Test
    void streamsThatComeAndGoWhileTheOutputIsStalledLeaveNothing() {
        stallOutput();
        int before = peer.core.streamCount();
        for (int n = 0; n < 20_000; n++) {
            int id = 2 + 2 * n;
            peer.sends(Wire.syn(id)).accepts(id).sends(Wire.rst(id)).forgets(id);
        }
        assertEquals(before, peer.core.streamCount());
        assertEquals(0, peer.core.parts().queue().control.size());
        assertNull(peer.core.ended());
        assertOneOutputBuffer();
    }

    @Test
    void creditThatCannotLeaveIsOneEntryForEachStream() {
        stallOutput();
        peer.sends(Wire.syn(2), Wire.syn(4));
        for (int n = 0; n < 7; n++) peer.sends(Wire.data(2, "x".repeat(37_000)), Wire.data(4, "x".repeat(37_000)));
        assertEquals(2, peer.core.parts().queue().control.size());
        assertOneOutputBuffer();
    }

    // ---- input

    @Test
    void bytesThatNobodyReadsAreBoundedByTheWindow() {
        peer.userReads(false).sends(Wire.syn(2));
        for (int n = 0; n < 262_144 / 64; n++) peer.sends(Wire.data(2, "x".repeat(64)));
        assertEquals(262_144, peer.buffers.bytesInUse());
    }

    @Test
    void bytesInManySmallFramesTakeNoMoreMemoryThanTheyAre() {
        peer.userReads(false).sends(Wire.syn(2));
        for (int n = 0; n < 10_000; n++) peer.sends(Wire.data(2, "x"));
        assertEquals(3 * 4096, peer.buffers.bytesInUse());
    }

    @Test
    void declaredLengthCostsNothing() {
        peer.sends(Wire.header(0, 0, 0, 9, 0xFFFF_FFFFL), Wire.syn(2).repeat(1000))
                .toldNothing();
        assertEquals(0, peer.buffers.acquired());
        assertNull(peer.core.ended());
    }

    @Test
    void headerWithEveryFlagAndTheLargestNumbersIsHarmless() {
        for (int type = 0; type <= 3; type++) {
            ScriptedPeer each = ScriptedPeer.server();
            each.sends(Wire.header(0, type, 0xFFFF, 0xFFFF_FFFFL, 0xFFFF_FFFFL), Wire.text("x".repeat(100)));
            each.reads();
            each.core.fail(new Cause(Cause.Kind.CONNECTION_LOST, "end of the test"));
            each.leavesNothing();
        }
    }

    @Test
    void streamsAboveTheLimitAreRefusedUntilOthersEnd() {
        ScriptedPeer narrow = ScriptedPeer.server(options -> options.maxStreams(3));
        narrow.sends(Wire.syn(2), Wire.syn(4), Wire.syn(6)).told("stream 2", "stream 4", "stream 6");
        narrow.sends(Wire.data(Wire.SYN, 8, "hello"), Wire.data(8, "more"))
                .toldNothing()
                .expects(Wire.rst(8));
        narrow.opens(); // ours do not count
        narrow.sends(Wire.rst(4)).afresh();
        narrow.sends(Wire.syn(10)).told("stream 10");
        narrow.sends(Wire.syn(12)).toldNothing().expects(Wire.rst(12));
    }

    // ---- output

    @Test
    void dataForAPeerThatDoesNotReadIsBoundedByOneBuffer() {
        for (int id = 1; id < 100; id += 2) {
            peer.opens();
            peer.sends(Wire.update(id, 1 << 20));
        }
        for (int id = 1; id < 100; id += 2) peer.writesBytes(id, 1 << 20);
        assertTrue(peer.core.queued() <= OUTPUT);
        assertTrue(peer.core.queued() >= OUTPUT - 64 * 1024);
        assertEquals(50, peer.core.parts().queue().waiting.size(), "all streams wait for room");
        assertOneOutputBuffer();
    }

    @Test
    void openingWaitsWhileTheOutputIsFull() {
        stallOutput();
        assertEquals(OpenState.WAIT, peer.core.openState());
        peer.core.awaitOpenable();
        peer.reads();
        peer.told("openable");
        peer.opens();
    }

    @Test
    void goAwayFindsItsPlaceInAFullBuffer() {
        stallOutput();
        peer.sends(Wire.header(9, 0, 0, 0, 0));
        byte[] sent = peer.reads();
        assertEquals(Wire.goAway(1), Wire.lines(java.util.Arrays.copyOfRange(sent, sent.length - 12, sent.length)));
    }

    private int flood(java.util.function.IntFunction<String> frame) {
        int n = 0;
        while (peer.core.ended() == null && n < 1_000_000) peer.sends(frame.apply(n++));
        Cause cause = peer.core.ended();
        assertNotNull(cause);
        assertEquals(
                "the peer violated the yamux protocol: too many of its frames are unanswered: it sends faster than it reads",
                cause.message());
        return n;
    }

    private void assertOneOutputBuffer() {
        assertTrue(peer.buffers.bytesInUse() <= OUTPUT, () -> peer.buffers.bytesInUse() + " bytes in use");
    }

    /** Fills the output to the last byte. */
    private void stallOutput() {
        MuxStream filler = peer.opens();
        peer.sends(Wire.update(filler.id(), 10 << 20));
        while (filler.reserve(16 * 1024, peer.now()) != null) filler.commit(16 * 1024, peer.now());
        peer.core.parts().queue().waiting.poll();
        for (int room; (room = peer.core.parts().queue().buffer.room()) > 0; ) {
            filler.reserve(room, peer.now());
            filler.commit(room, peer.now());
        }
        boolean room = true;
        while (room) room = peer.core.parts().queue().append(Frame.WINDOW_UPDATE, 0, 999, 0);
        peer.toldNothing();
    }
}
