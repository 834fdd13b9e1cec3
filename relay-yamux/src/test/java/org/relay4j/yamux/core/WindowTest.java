package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Credit in both directions. Stream 1 is open. */
class WindowTest {
    private static final int WINDOW = 262_144;

    private final ScriptedPeer peer = ScriptedPeer.server();

    @BeforeEach
    void open() {
        peer.opens();
        peer.sends(Wire.ack(1)).afresh();
    }

    // ---- credit for us

    @Test
    void creditGrowsUpToTheLargestNumberAndNotBeyond() {
        peer.sends(Wire.update(1, 0xFFFF_FFFFL - WINDOW));
        assertEquals(0xFFFF_FFFFL, peer.stream(1).sendWindow());
        peer.sends(Wire.update(1, 1))
                .told("reset 1 PROTOCOL_ERROR", "end PROTOCOL_ERROR")
                .expects(Wire.goAway(1));
        Cause cause = peer.core.ended();
        assertNotNull(cause);
        assertEquals(
                "the peer violated the yamux protocol: the window of stream 1 would grow beyond 2^32-1: 4294967295 + 1",
                cause.message());
    }

    @Test
    void creditThatWouldWrapHashicorpEndsTheSession() {
        peer.sends(Wire.update(1, 0xFFFF_FFFFL)).told("reset 1 PROTOCOL_ERROR", "end PROTOCOL_ERROR");
    }

    @Test
    void largestCreditIsUsable() {
        peer.sends(Wire.update(1, 0xFFFF_FFFFL - WINDOW));
        for (int n = 0; n < 20; n++) {
            assertEquals(100_000, peer.writesBytes(1, 100_000));
            peer.reads();
        }
        assertEquals(0xFFFF_FFFFL - 2_000_000, peer.stream(1).sendWindow());
    }

    @Test
    void emptyUpdateIsCountedAndNothingElse() {
        peer.writesBytes(1, WINDOW);
        assertNull(peer.stream(1).reserve(1, peer.now()));
        peer.afresh().sends(Wire.update(1, 0)).toldNothing().expectsNothing();
        assertEquals(1, peer.core.ignoredFrames());
    }

    @Test
    void updateForIdZeroEndsTheSession() {
        peer.sends(Wire.update(0, 1))
                .told("reset 1 PROTOCOL_ERROR", "end PROTOCOL_ERROR")
                .expects(Wire.goAway(1));
    }

    @Test
    void updateForAnUnknownStreamIsIgnored() {
        peer.sends(Wire.update(2, 1), Wire.update(3, 0xFFFF_FFFFL))
                .toldNothing()
                .expectsNothing();
        assertEquals(2, peer.core.ignoredFrames());
    }

    @Test
    void writerThatRanOutIsToldOnceWhenCreditArrives() {
        assertEquals(WINDOW, peer.writesBytes(1, WINDOW + 1));
        peer.reads();
        peer.sends(Wire.update(1, 1), Wire.update(1, 4)).told("writable 1");
        assertEquals(5, peer.writesBytes(1, 100));
        peer.expects(Wire.data(0, 1, new byte[5])).sends(Wire.update(1, 5)).told("writable 1");
    }

    @Test
    void writerThatDidNotRunOutIsNotTold() {
        peer.writesBytes(1, WINDOW - 1);
        peer.reads();
        peer.sends(Wire.update(1, 10)).toldNothing();
    }

    @Test
    void writerWhoClosedIsNotTold() {
        peer.writesBytes(1, WINDOW + 1);
        peer.stream(1).closeWrite(peer.now());
        peer.reads();
        peer.sends(Wire.update(1, 10)).toldNothing();
    }

    @Test
    void peerThatNeverSendsCreditGetsOneWindow() {
        assertEquals(WINDOW, peer.writesBytes(1, 10 * WINDOW));
        assertEquals(0, peer.stream(1).sendWindow());
        int length = peer.reads().length;
        assertEquals(WINDOW + 12, length);
        assertEquals(0, peer.writesBytes(1, 1));
        peer.stream(1).closeWrite(peer.now());
        peer.expects(Wire.fin(1));
    }

    // ---- credit for the peer

    @Test
    void creditReturnsAtHalfAWindowAndNotBefore() {
        peer.sends(Wire.data(1, "x".repeat(WINDOW / 2 - 1))).expectsNothing();
        assertEquals(WINDOW / 2 - 1, peer.stream(1).credit());
        peer.sends(Wire.data(1, "xyz")).expects(Wire.update(1, WINDOW / 2 + 2));
        assertEquals(0, peer.stream(1).credit());
        assertEquals(WINDOW, peer.stream(1).receiveWindow());
    }

    @Test
    void creditReturnsWhenBytesAreConsumedAndNotWhenTheyArrive() {
        peer.userReads(false).sends(Wire.data(1, "x".repeat(WINDOW))).expectsNothing();
        assertEquals(0, peer.stream(1).receiveWindow() + peer.stream(1).credit());
        peer.stream(1).peek().position(60_000);
        peer.stream(1).advance(60_000, peer.now());
        peer.expectsNothing();
        peer.reads(1);
        peer.expects(Wire.update(1, WINDOW));
    }

    @Test
    void creditOfSeveralReadsLeavesAsOneFrame() {
        peer.sends(
                Wire.data(1, "x".repeat(WINDOW / 2)), Wire.data(1, "y".repeat(1000)), Wire.data(1, "z".repeat(1000)));
        peer.expects(Wire.update(1, WINDOW / 2 + 2000));
    }

    @Test
    void creditOvertakesData() {
        peer.writes(1, "data").sends(Wire.data(1, "x".repeat(WINDOW / 2)));
        peer.expects(Wire.update(1, WINDOW / 2), Wire.data(1, "data"));
    }

    @Test
    void thereIsNoCreditForAStreamWhosePeerHasFinished() {
        peer.sends(Wire.data(Wire.FIN, 1, "x".repeat(WINDOW))).expectsNothing();
        assertEquals(1, peer.core.streamCount());
    }

    @Test
    void creditThatWaitsIsDroppedWhenThePeerFinishes() {
        peer.sends(Wire.data(1, "x".repeat(WINDOW)), Wire.fin(1)).expectsNothing();
    }

    @Test
    void largerWindowReturnsCreditInSixteenParts() {
        ScriptedPeer wide = ScriptedPeer.server(options -> options.receiveWindow(4 << 20));
        wide.opens();
        wide.sends(Wire.ack(1)).afresh();
        wide.sends(Wire.data(1, "x".repeat((1 << 18) - 1))).expectsNothing();
        wide.sends(Wire.data(1, "x")).expects(Wire.update(1, 1 << 18));
    }

    @Test
    void creditIsNeverLessThanHalfAnInitialWindow() {
        ScriptedPeer wide = ScriptedPeer.server(options -> options.receiveWindow(1 << 20));
        wide.opens();
        wide.sends(Wire.ack(1)).afresh();
        wide.sends(Wire.data(1, "x".repeat(WINDOW / 2 - 1))).expectsNothing();
        wide.sends(Wire.data(1, "x")).expects(Wire.update(1, WINDOW / 2));
    }

    @Test
    void creditOverALongPathReturnsInEightParts() {
        ScriptedPeer far = ScriptedPeer.server(options -> options.growth(0, 0));
        far.opens();
        far.core.ping(peer.now());
        far.reads();
        far.afterSeconds(0.002).sends(Wire.pong(1), Wire.ack(1)).afresh();
        far.sends(Wire.data(1, "x".repeat(WINDOW / 2))).expects(Wire.update(1, WINDOW / 2));
        far.sends(Wire.data(1, "x".repeat(WINDOW / 8 - 1))).expectsNothing();
        far.sends(Wire.data(1, "x")).expects(Wire.update(1, WINDOW / 8));
    }

    @Test
    void windowBufferAndCreditAlwaysMakeUpTheWholeWindow() {
        peer.userReads(false);
        MuxStream stream = peer.stream(1);
        for (int n = 0; n < 200; n++) {
            peer.sends(Wire.data(1, "x".repeat(1 + n * 37 % 9000)));
            assertEquals(WINDOW, stream.receiveWindow() + stream.available() + stream.credit());
            if (n % 3 == 0) peer.reads(1);
            assertEquals(WINDOW, stream.receiveWindow() + stream.available() + stream.credit());
            if (n % 5 == 0) peer.reads();
        }
    }

    @Tag("slow")
    @Test
    void initialWindowsOfUnequalSizeNeverStall() {
        int[] sizes = {262_144, 262_145, 300_000, 1 << 20, (1 << 21) + 7};
        for (int ours : sizes) {
            for (int theirs : sizes) {
                ScriptedPeer each = ScriptedPeer.server(options -> options.receiveWindow(ours));
                each.opens();
                each.sends(Wire.update(Wire.ACK, 1, theirs - WINDOW));
                assertEquals(theirs, each.stream(1).sendWindow());
                for (int sent = 0; sent < 3 * ours; sent += 200_000)
                    each.sends(Wire.data(1, "x".repeat(200_000))).reads();
                assertNull(each.core.ended(), ours + " and " + theirs);
            }
        }
    }
}
