package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** FIN and RST in every form that an implementation sends, and in every place where ours may have to wait. Stream 1 is open. */
class ClosingTest {
    private final ScriptedPeer peer = ScriptedPeer.server();

    @BeforeEach
    void open() {
        peer.opens();
        peer.sends(Wire.ack(1)).afresh();
    }

    // ---- FIN of the peer

    @Test
    void finOnAWindowUpdate() {
        peer.sends("000100040000000100000000").told("fin 1");
    }

    @Test
    void finOnAWindowUpdateWithCredit() {
        peer.sends(Wire.update(Wire.FIN, 1, 10)).told("fin 1");
        assertEquals(262_154, peer.stream(1).sendWindow());
    }

    @Test
    void finOnAnEmptyDataFrame() {
        peer.sends("000000040000000100000000").told("fin 1");
    }

    @Test
    void finWithAckClosesAStreamThatWasNotAnswered() {
        peer.opens();
        peer.sends(Wire.update(Wire.FIN | Wire.ACK, 3, 0)).told("fin 3");
        peer.sends(Wire.data(Wire.FIN | Wire.ACK, 1, "")).told("fin 1");
    }

    @Test
    void finOnADataFrameComesBehindTheBody() {
        peer.sends(Wire.data(Wire.FIN, 1, "last")).told("data 1 last", "fin 1");
    }

    @Test
    void finOnADataFrameComesBehindABodyThatArrivesLate() {
        peer.sends(Wire.header(0, 0, Wire.FIN, 1, 8)).toldNothing();
        assertFalse(peer.stream(1).atEnd());
        peer.sends(Wire.text("last")).told("data 1 last");
        peer.sends(Wire.text("word")).told("data 1 word", "fin 1");
    }

    @Test
    void connectionThatEndsBeforeTheBodyOfAFinIsALoss() {
        peer.sends(Wire.header(0, 0, Wire.FIN, 1, 8), Wire.text("last")).hangsUp();
        peer.told("data 1 last", "reset 1 CONNECTION_LOST", "end CONNECTION_LOST");
    }

    @Test
    void finOnADataFrameAfterOurFinEndsTheStream() {
        peer.stream(1).closeWrite(peer.now());
        peer.sends(Wire.data(Wire.FIN, 1, "reply")).told("data 1 reply", "fin 1");
        peer.expects(Wire.fin(1)).leavesNothing();
    }

    @Test
    void requestAndReplyWithHalfClose() {
        peer.writes(1, "request").stream(1).closeWrite(peer.now());
        peer.expects(Wire.data(1, "request"), Wire.fin(1));
        peer.sends(Wire.data(1, "reply"), Wire.fin(1))
                .told("data 1 reply", "fin 1")
                .leavesNothing();
    }

    @Test
    void streamIsGoneBeforeItsUserHearsOfTheSecondFin() {
        peer.stream(1).closeWrite(peer.now());
        peer.sends(Wire.fin(1));
        assertTrue(peer.stream(1).isGone());
        assertEquals(0, peer.core.streamCount());
    }

    // ---- RST of the peer

    @Test
    void rstWithoutACode() {
        peer.sends("000100080000000100000000").told("reset 1 RESET_BY_PEER").leavesNothing();
    }

    @Test
    void rstWithACode() {
        peer.sends("00010008000000010000002a").told("reset 1 RESET_BY_PEER 42").leavesNothing();
    }

    @Test
    void rstWithTheLargestCode() {
        peer.sends(Wire.update(Wire.RST, 1, 0xFFFF_FFFFL)).told("reset 1 RESET_BY_PEER 4294967295");
    }

    @Test
    void rstOnADataFrameDrainsTheBody() {
        peer.sends(Wire.data(Wire.RST, 1, "body"), Wire.ping(1))
                .told("reset 1 RESET_BY_PEER")
                .expects(Wire.pong(1));
    }

    @Test
    void rstWithFinIsAReset() {
        peer.sends(Wire.update(Wire.RST | Wire.FIN, 1, 0)).told("reset 1 RESET_BY_PEER");
        assertFalse(peer.stream(1).atEnd());
    }

    @Test
    void rstInsideOfAFrameOfAnotherDirectionStopsOurWriter() {
        peer.writes(1, "first");
        peer.readsAtMost(3);
        peer.sends(Wire.rst(1)).told("reset 1 RESET_BY_PEER");
        assertFalse(peer.stream(1).isWritable());
        assertEquals(14, peer.reads().length, "a frame that has begun is sent to its end");
        peer.leavesNothing();
    }

    @Test
    void rstFreesAStreamThatWaitsForRoom() {
        fillOutput();
        assertNull(peer.stream(1).reserve(20_000, peer.now()));
        peer.sends(Wire.rst(1)).told("reset 1 RESET_BY_PEER");
        assertEquals(0, peer.core.parts().queue().waiting.size());
        peer.reads();
        peer.toldNothing();
    }

    @Test
    void rstFreesAStreamWhoseCreditWaits() {
        peer.sends(Wire.data(1, "x".repeat(200_000)), Wire.rst(1))
                .expectsNothing()
                .leavesNothing();
    }

    // ---- our own

    @Test
    void finWaitsForRoomAndComesBehindTheData() {
        fillOutputToTheLastByte();
        peer.stream(1).closeWrite(peer.now());
        assertEquals(1, peer.core.parts().queue().control.size());
        assertFalse(peer.stream(1).isWritable());
        byte[] sent = peer.reads();
        assertEquals(Wire.fin(1), hexOfLast(sent));
        assertEquals(0, peer.core.parts().queue().control.size());
    }

    @Test
    void streamStaysUntilItsFinHasFoundRoom() {
        fillOutputToTheLastByte();
        int before = peer.core.streamCount();
        peer.sends(Wire.fin(1)).stream(1).closeWrite(peer.now());
        assertEquals(before, peer.core.streamCount(), "it counts while its FIN waits");
        peer.reads();
        assertEquals(before - 1, peer.core.streamCount());
        peer.told("fin 1");
    }

    @Test
    void streamStaysUntilItsRstHasFoundRoom() {
        fillOutputToTheLastByte();
        int before = peer.core.streamCount();
        peer.stream(1).reset(7);
        assertTrue(peer.stream(1).isGone());
        assertEquals(before, peer.core.streamCount(), "it counts while its RST waits");
        peer.sends(Wire.data(1, "late"), Wire.update(1, 5), Wire.fin(1)).toldNothing();
        assertEquals(Wire.update(Wire.RST, 1, 7), hexOfLast(peer.reads()));
        assertEquals(before - 1, peer.core.streamCount());
    }

    @Test
    void rstTakesThePlaceOfAFinThatWaits() {
        fillOutputToTheLastByte();
        peer.stream(1).closeWrite(peer.now());
        peer.stream(1).reset(0);
        assertEquals(Wire.rst(1), hexOfLast(peer.reads()));
    }

    @Test
    void rstOfThePeerMakesOursThatWaitsUnnecessary() {
        fillOutputToTheLastByte();
        int before = peer.core.streamCount();
        peer.stream(1).reset(0);
        peer.sends(Wire.rst(1)).toldNothing();
        assertEquals(before - 1, peer.core.streamCount());
        assertFalse(hexOfLast(peer.reads()).startsWith("00010008"), "a RST is no longer needed");
    }

    @Test
    void resetAndItsDataKeepTheirOrder() {
        peer.writes(1, "already framed").stream(1).reset(0);
        peer.expects(Wire.data(1, "already framed"), Wire.rst(1));
    }

    /** hashicorp/yamux shows the loss of a session to the readers of its streams as a clean end: each must hear of its reset. */
    @Test
    void sessionThatClosesWithAFullOutputResetsAllStreams() {
        int streams = 100_000 / 2;
        ScriptedPeer many = ScriptedPeer.client(options -> options.maxStreams(streams));
        StringBuilder wire = new StringBuilder();
        for (int n = 0; n < streams; n++) wire.append(Wire.syn(2 * n + 1));
        many.sends(wire.toString()).afresh();
        MuxStream filler = many.stream(1);
        many.sends(Wire.update(1, 10 << 20));
        while (filler.reserve(16 * 1024, peer.now()) != null) filler.commit(16 * 1024, peer.now());
        many.core.close();
        byte[] sent = many.reads();
        int at = 0;
        while (sent[at + 1] == 0) at += 12 + 16 * 1024; // the data that was written before
        StringBuilder resets = new StringBuilder();
        for (int n = 0; n < streams; n++) resets.append(Wire.rst(2 * n + 1));
        String last = java.util.HexFormat.of().formatHex(sent, at, sent.length - 12);
        assertEquals(sorted(resets.toString()), sorted(last));
        assertEquals(Wire.goAway(0), hexOfLast(sent));
        many.leavesNothing();
    }

    private static java.util.List<String> sorted(String frames) {
        return java.util.Arrays.stream(frames.split("(?<=\\G.{24})")).sorted().toList();
    }

    /** Fills the output so far that no large write finds room. */
    private void fillOutput() {
        MuxStream filler = peer.opens();
        peer.sends(Wire.update(filler.id(), 10 << 20));
        while (filler.reserve(16 * 1024, peer.now()) != null) filler.commit(16 * 1024, peer.now());
        peer.core.parts().queue().waiting.poll();
        peer.told();
    }

    /** Fills the output so far that not even a FIN finds room. */
    private void fillOutputToTheLastByte() {
        fillOutput();
        boolean room = true;
        while (room) room = peer.core.parts().queue().append(Frame.WINDOW_UPDATE, 0, 999, 0);
    }

    private static String hexOfLast(byte[] sent) {
        return java.util.HexFormat.of().formatHex(sent, sent.length - 12, sent.length);
    }
}
