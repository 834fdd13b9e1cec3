package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Streams that the peer opens, in every form that an implementation sends; and how many this end opens. */
class OpeningTest {
    private final ScriptedPeer peer = ScriptedPeer.server();

    // ---- SYN

    @Test
    void synOnAWindowUpdateOpensAndItsLengthIsCreditOnTop() {
        peer.sends("000100010000000200000000").told("stream 2");
        assertEquals(262_144, peer.stream(2).sendWindow());
        peer.sends("0001000100000004005c0000").told("stream 4");
        assertEquals(6 << 20, peer.stream(4).sendWindow());
    }

    @Test
    void synOnAnEmptyDataFrameOpens() {
        peer.sends("000000010000000200000000").told("stream 2");
        assertEquals(262_144, peer.stream(2).sendWindow());
        peer.accepts(2).expects(Wire.ack(2));
    }

    @Test
    void synOnADataFrameOpensAndItsBodyIsData() {
        peer.sends("000000010000000200000005 68656c6c6f").told("stream 2", "data 2 hello");
        assertEquals(262_144, peer.stream(2).sendWindow());
        assertEquals(262_144 - 5, peer.stream(2).receiveWindow());
    }

    @Test
    void synOnADataFrameMayCarryAWholeWindow() {
        peer.userReads(false).sends(Wire.data(Wire.SYN, 2, "x".repeat(262_144)));
        assertEquals(262_144, peer.stream(2).available());
        assertNull(peer.core.ended());
    }

    @Test
    void synOnADataFrameAboveTheWindowEndsTheSessionBeforeThereIsAStream() {
        peer.sends(Wire.header(0, 0, Wire.SYN, 2, 262_145))
                .told("end PROTOCOL_ERROR")
                .expects(Wire.goAway(1));
        assertEquals(0, peer.buffers.acquired() - 1, "memory for more than the GoAway");
    }

    @Test
    void synWithTheLargestPossibleWindowOpens() {
        peer.sends(Wire.update(Wire.SYN, 2, 0xFFFF_FFFFL - 262_144)).told("stream 2");
        assertEquals(0xFFFF_FFFFL, peer.stream(2).sendWindow());
    }

    @Test
    void synWithAWindowBeyond32BitsEndsTheSessionBeforeThereIsAStream() {
        peer.sends(Wire.update(Wire.SYN, 2, 0xFFFF_FFFFL - 262_143))
                .told("end PROTOCOL_ERROR")
                .expects(Wire.goAway(1));
    }

    @Test
    void synWithFinOpensAStreamWhosePeerSendsNothing() {
        peer.sends(Wire.update(Wire.SYN | Wire.FIN, 2, 0)).told("stream 2", "fin 2");
        peer.accepts(2).writes(2, "reply").expects(Wire.ack(2), Wire.data(2, "reply"));
    }

    @Test
    void synWithFinAndBodyDeliversTheBodyFirst() {
        peer.sends(Wire.data(Wire.SYN | Wire.FIN, 2, "all of it")).told("stream 2", "data 2 all of it", "fin 2");
    }

    @Test
    void synWithAckOpens() {
        peer.sends(Wire.update(Wire.SYN | Wire.ACK, 2, 0)).told("stream 2").expectsNothing();
    }

    @Test
    void synWithRstIsIgnoredAndCounted() {
        peer.sends(Wire.update(Wire.SYN | Wire.RST, 2, 0), Wire.data(Wire.SYN | Wire.RST, 4, "body"));
        peer.toldNothing().expectsNothing();
        assertEquals(2, peer.core.ignoredFrames());
        assertEquals(0, peer.core.streamCount());
    }

    @Test
    void synOfOurParityEndsTheSessionAndSaysWhy() {
        peer.sends(Wire.syn(3)).told("end PROTOCOL_ERROR").expects(Wire.goAway(1));
        assertEquals(
                "the peer violated the yamux protocol: the peer opened stream 3 with an id of this end: both ends are clients",
                message(peer));
        ScriptedPeer client = ScriptedPeer.client();
        client.sends(Wire.syn(2)).told("end PROTOCOL_ERROR").expects(Wire.goAway(1));
        assertEquals(
                "the peer violated the yamux protocol: the peer opened stream 2 with an id of this end: both ends are servers",
                message(client));
    }

    @Test
    void synForIdZeroEndsTheSession() {
        peer.sends(Wire.syn(0)).told("end PROTOCOL_ERROR").expects(Wire.goAway(1));
        ScriptedPeer.client().sends(Wire.syn(0)).told("end PROTOCOL_ERROR").expects(Wire.goAway(1));
    }

    @Test
    void synsMayComeInAnyOrder() {
        List<Integer> ids = new ArrayList<>();
        for (int id = 2; id <= 200; id += 2) ids.add(id);
        Collections.shuffle(ids, new Random(3));
        for (int id : ids) peer.sends(Wire.syn(id)).told("stream " + id);
        assertEquals(100, peer.core.streamCount());
    }

    @Test
    void synOfTheLargestIdOpens() {
        ScriptedPeer client = ScriptedPeer.client();
        client.sends(Wire.syn(0xFFFF_FFFFL)).told("stream 4294967295");
        client.accepts(-1).expects(Wire.ack(0xFFFF_FFFFL));
    }

    @Test
    void unknownFlagsAreIgnored() {
        peer.sends(Wire.update(0xFFF0 | Wire.SYN, 2, 0), Wire.data(0xFFF0, 2, "abc"), Wire.update(0x8000, 2, 5));
        peer.told("stream 2", "data 2 abc");
        assertEquals(262_149, peer.stream(2).sendWindow());
    }

    // ---- the user's answer

    @Test
    void refusedStreamIsReset() {
        peer.userRefuses(true)
                .sends(Wire.data(Wire.SYN, 2, "hello"), Wire.data(2, "more"))
                .toldNothing();
        peer.expects(Wire.rst(2)).leavesNothing();
    }

    @Test
    void userMayWriteBeforeItAccepts() {
        peer.sends(Wire.syn(2)).writes(2, "banner").expects(Wire.data(2, "banner"));
        peer.accepts(2).expects(Wire.ack(2));
    }

    @Test
    void acknowledgementOvertakesTheDataOfTheStream() {
        peer.sends(Wire.syn(2)).writes(2, "banner").accepts(2).expects(Wire.ack(2), Wire.data(2, "banner"));
    }

    @Test
    void secondAcceptSendsNoSecondAck() {
        peer.sends(Wire.syn(2)).accepts(2).accepts(2).expects(Wire.ack(2));
        peer.accepts(2).expectsNothing();
    }

    @Test
    void acceptReturnsCreditForWhatWasConsumedBefore() {
        peer.sends(Wire.data(Wire.SYN, 2, "hello")).accepts(2).expects(Wire.update(Wire.ACK, 2, 5));
        assertEquals(262_144, peer.stream(2).receiveWindow());
    }

    @Test
    void acceptAnnouncesALargerWindow() {
        ScriptedPeer wide = ScriptedPeer.server(options -> options.receiveWindow(1 << 20));
        wide.sends(Wire.data(Wire.SYN, 2, "hello"));
        assertEquals(262_139, wide.stream(2).receiveWindow(), "the peer does not know yet");
        wide.accepts(2).expects(Wire.update(Wire.ACK, 2, (1 << 20) - 262_144 + 5));
        assertEquals(1 << 20, wide.stream(2).receiveWindow());
    }

    // ---- opening

    @Test
    void dataMayFollowTheSynAtOnce() {
        peer.opens();
        peer.writes(1, "GET").expects(Wire.syn(1), Wire.data(1, "GET"));
    }

    @Test
    void announcedWindowMayBeUsedByThePeerAtOnce() {
        ScriptedPeer wide = ScriptedPeer.server(options -> options.receiveWindow(1 << 20));
        wide.opens();
        wide.sends(Wire.data(1, "x".repeat(400_000))).told("data 1 400000 bytes");
        assertNull(wide.core.ended());
    }

    @Test
    void onlySoManyStreamsWaitForTheirAnswer() {
        for (int n = 0; n < 256; n++) peer.opens();
        assertEquals(OpenState.WAIT, peer.core.openState());
        peer.core.awaitOpenable();
        assertThrows(IllegalStateException.class, peer::opens);
        peer.afresh().sends(Wire.data(9, "any frame answers")).told("openable", "data 9 any frame answers");
        assertEquals(OpenState.READY, peer.core.openState());
        peer.opens();
        peer.expects(Wire.syn(513));
    }

    @Test
    void ackMayComeOnADataFrame() {
        ScriptedPeer narrow = ScriptedPeer.server(options -> options.maxUnacknowledged(1));
        narrow.opens();
        assertEquals(OpenState.WAIT, narrow.core.openState());
        narrow.core.awaitOpenable();
        narrow.sends(Wire.data(Wire.ACK, 1, "banner")).told("openable", "data 1 banner");
    }

    @Test
    void callerThatDoesNotWaitToOpenIsNotNotified() {
        for (int n = 0; n < 256; n++) peer.opens();
        peer.sends(Wire.ack(1), Wire.ack(3)).toldNothing();
    }

    @Test
    void idsEndWhereTheyEndInHashicorp() {
        peer.core.streams().skipTo(Integer.parseUnsignedInt("4294967293"));
        peer.opens();
        assertEquals(OpenState.EXHAUSTED, peer.core.openState());
        assertThrows(IllegalStateException.class, peer::opens);
        peer.writes(-3, "last").expects(Wire.syn(4294967293L), Wire.data(4294967293L, "last"));

        ScriptedPeer client = ScriptedPeer.client();
        client.core.streams().skipTo(Integer.parseUnsignedInt("4294967290"));
        client.opens();
        assertEquals(OpenState.READY, client.core.openState());
        client.opens();
        assertEquals(OpenState.EXHAUSTED, client.core.openState());
        client.expects(Wire.syn(4294967290L), Wire.syn(4294967292L));
    }

    @Test
    void askingWhetherAStreamCanBeOpenedChangesNothing() {
        ScriptedPeer slow = ScriptedPeer.server(options -> options.maxUnacknowledged(1));
        slow.opens();
        assertEquals(OpenState.WAIT, slow.core.openState());
        slow.sends(Wire.ack(1)).toldNothing();
        slow.core.awaitOpenable(); // it need not wait any more
        slow.sends(Wire.update(1, 1)).toldNothing();
    }

    @Test
    void whoWaitsToOpenIsToldThatTheLastIdIsUsed() {
        ScriptedPeer slow = ScriptedPeer.server(options -> options.maxUnacknowledged(1));
        slow.core.streams().skipTo(Integer.parseUnsignedInt("4294967291"));
        slow.opens();
        slow.core.awaitOpenable();
        slow.sends(Wire.ack(4294967291L)).told("openable");
        slow.opens();
        assertEquals(OpenState.EXHAUSTED, slow.core.openState());
        slow.core.drain(true);
        slow.stream(-3).reset(0);
        slow.stream(-5).reset(0);
        slow.told("end CLOSED_LOCALLY");
    }

    @Test
    void idsAboveTheSignBitAreOrdinary() {
        peer.core.streams().skipTo(Integer.MAX_VALUE);
        peer.opens();
        peer.opens();
        peer.expects(Wire.syn(0x7FFF_FFFFL), Wire.syn(0x8000_0001L));
        peer.sends(Wire.data(0x8000_0001L, "hello")).told("data 2147483649 hello");
    }

    private static String message(ScriptedPeer peer) {
        Cause cause = peer.core.ended();
        assertNotNull(cause);
        return cause.message();
    }
}
