package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A peer that wants us to wait: it sends little at a time, stops in the middle, gives no credit, or answers late. */
class SlowPeerTest {
    private static final int WINDOW = 262_144;

    private final ScriptedPeer peer = ScriptedPeer.server();

    private void openTwo() {
        peer.sends(Wire.syn(2)).accepts(2);
        peer.opens();
        peer.sends(Wire.ack(1));
        peer.afresh();
    }

    // ---- input

    @Test
    void oneByteAtATimeTakesNoMemoryAndMakesNoFrame() {
        openTwo();
        int acquired = peer.buffers.acquired();
        peer.sendsInPiecesOf(1, Wire.data(2, "x".repeat(10_000)), Wire.update(1, 100_000), Wire.data(2, "y"));
        assertEquals(acquired, peer.buffers.acquired());
        assertEquals(WINDOW - 10_001, peer.stream(2).receiveWindow());
        assertEquals(WINDOW + 100_000, peer.stream(1).sendWindow());
        peer.expectsNothing();
    }

    @Test
    void peerThatStopsInTheMiddleOfAFrameHoldsUpNothingAndIsGivenUp() {
        openTwo();
        peer.sends(Wire.header(0, 0, 0, 2, 200_000), Wire.text("the beginning")).told("data 2 the beginning");
        peer.writes(1, "goes on").expects(Wire.data(1, "goes on"));
        assertEquals(0, peer.buffers.bytesInUse());
        peer.afterSeconds(31).expects(Wire.ping(1));
        peer.afterSeconds(11).told("reset 2 TIMEOUT", "reset 1 TIMEOUT", "end TIMEOUT");
        peer.leavesNothing();
    }

    @Test
    void peerThatStopsInTheMiddleOfAHeaderHoldsUpNothingAndIsGivenUp() {
        openTwo();
        peer.sends(Wire.syn(4).substring(0, 22)).toldNothing();
        peer.writes(1, "goes on").expects(Wire.data(1, "goes on"));
        peer.afterSeconds(31).expects(Wire.ping(1));
        peer.afterSeconds(11).told("reset 2 TIMEOUT", "reset 1 TIMEOUT", "end TIMEOUT");
        peer.leavesNothing();
    }

    @Test
    void lengthOfFourGibibytesIsMoreThanTheWindowWhateverFollows() {
        openTwo();
        peer.sends(Wire.header(0, 0, 0, 2, 0xFFFF_FFFFL))
                .told("reset 2 PROTOCOL_ERROR", "reset 1 PROTOCOL_ERROR", "end PROTOCOL_ERROR")
                .expects(Wire.goAway(1));
        peer.leavesNothing();
    }

    // ---- credit

    @Test
    void streamsWithoutCreditTakeNoMemoryAndHoldUpNobody() {
        for (int n = 0; n < 250; n++) {
            int id = peer.opens().id();
            peer.sends(Wire.ack(id));
            while (peer.writesBytes(id, WINDOW) > 0) peer.reads();
            assertNull(peer.stream(id).reserve(1, peer.now()));
        }
        peer.reads();
        assertEquals(0, peer.buffers.bytesInUse());
        assertEquals(0, peer.core.parts().queue().waiting.size());
        int last = peer.opens().id();
        peer.afresh();
        peer.writes(last, "goes on").expects(Wire.data(last, "goes on"));
    }

    @Test
    void streamThatWeFinishedAndThatGetsNoAnswerIsReset() {
        openTwo();
        peer.stream(1).closeWrite(peer.now());
        peer.afresh();
        for (int n = 0; n < 29; n++) peer.sends(Wire.ping(n)).afresh().afterSeconds(10);
        peer.toldNothing().sends(Wire.ping(0)).afresh().afterSeconds(10);
        peer.told("reset 1 IDLE_TIMEOUT");
        assertEquals(1, peer.core.streamCount());
    }

    // ---- pongs

    /** It makes the round trip look long, and so the path as if it held much. */
    @Tag("slow")
    @Test
    void pongsThatAreDelayedInflateWindowsNoFurtherThanTheirBounds() {
        int largest = 1 << 20;
        int budget = 3 << 20;
        ScriptedPeer late = ScriptedPeer.server(options -> options.growth(largest, budget));
        for (int id = 2; id <= 16; id += 2) late.sends(Wire.syn(id)).accepts(id);
        ArrayDeque<Late> pings = new ArrayDeque<>();
        late.core.tap((outbound, type, flags, id, length) -> {
            if (outbound && type == Frame.PING && flags == Frame.SYN) pings.add(new Late(length, late.now()));
        });
        long grown = 0;
        for (int step = 0; step < 400; step++) {
            for (int id = 2; id <= 16; id += 2) {
                ByteBuffer frame =
                        ByteBuffer.allocate(12 + Math.min(late.stream(id).receiveWindow(), 100_000));
                Frame.put(frame, 0, Frame.DATA, 0, id, frame.capacity() - 12);
                late.core.receive(frame, late.now());
            }
            late.afresh();
            late.afterSeconds(0.1);
            while (!pings.isEmpty() && late.now() - pings.peek().since > 5 * ScriptedPeer.SECOND) {
                late.sends(Wire.pong(pings.poll().value));
            }
            long beyond = 0;
            for (int id = 2; id <= 16; id += 2) {
                int whole = late.stream(id).wholeWindow();
                assertTrue(whole <= largest, () -> "a window of " + whole);
                beyond += whole - WINDOW;
            }
            assertTrue(beyond <= budget && late.buffers.promised() <= budget, "windows grew beyond the budget");
            grown = Math.max(grown, beyond);
        }
        assertTrue(grown > budget / 2, "it did try: " + grown);
        assertEquals(0, late.buffers.bytesInUse());
        late.core.close();
        late.reads();
        late.leavesNothing();
    }

    @Test
    void pongsThatAreDelayedInflateNoWindowWhoseReaderIsBehind() {
        ScriptedPeer late = ScriptedPeer.server(options -> options.growth(1 << 20, 3 << 20));
        late.sends(Wire.syn(2)).accepts(2).userReads(false).afresh();
        late.sends(Wire.data(2, "x".repeat(WINDOW)));
        late.core.ping(peer.now());
        late.reads();
        late.afterSeconds(8).sends(Wire.pong(1));
        for (int n = 0; n < 100; n++) late.afterSeconds(0.1).afresh();
        assertEquals(WINDOW, late.stream(2).wholeWindow());
        assertEquals(0, late.buffers.promised());
    }

    private record Late(long value, long since) {}
}
