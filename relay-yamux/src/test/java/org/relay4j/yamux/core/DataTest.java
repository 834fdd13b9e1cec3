package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Data in both directions: whole, in parts, too much of it, and the order in which it leaves. */
class DataTest {
    private static final int WINDOW = 262_144;

    private final ScriptedPeer peer = ScriptedPeer.server();

    private MuxStream opened() {
        MuxStream stream = peer.opens();
        peer.sends(Wire.ack(stream.id())).afresh();
        return stream;
    }

    // ---- receiving

    @Test
    void askingForRoomChangesNothing() {
        ScriptedPeer full = ScriptedPeer.server();
        full.opens();
        full.opens();
        full.sends(Wire.ack(1), Wire.ack(3)).afresh();
        assertEquals(WINDOW, full.writesBytes(1, WINDOW));
        assertFalse(full.stream(1).hasRoom(1, full.now()));
        assertTrue(full.stream(3).hasRoom(1, full.now()));
        full.sends(Wire.update(1, 10)).toldNothing();
        assertTrue(full.stream(1).hasRoom(1, full.now()));
        full.writesBytes(1, 10);
        full.stream(1).awaitWritable();
        full.sends(Wire.update(1, 10)).told("writable 1");
    }

    @Test
    void partOfAFrameIsPassedOnAtOnce() {
        opened();
        peer.sends(Wire.header(0, 0, 0, 1, 9), Wire.text("abc")).told("data 1 abc");
        peer.sends(Wire.text("def")).told("data 1 def");
        peer.sends(Wire.text("ghi"), Wire.data(1, "!")).told("data 1 ghi", "data 1 !");
    }

    @Test
    void frameThatStopsInItsMiddleHoldsUpNothingThatWeSend() {
        opened();
        peer.sends(Wire.header(0, 0, 0, 1, 100), Wire.text("abc")).told("data 1 abc");
        peer.opens();
        peer.writes(1, "one").writes(3, "three").core.ping(peer.now());
        peer.expects(Wire.ping(1), Wire.syn(3), Wire.data(1, "one"), Wire.data(3, "three"));
        peer.hangsUp();
        peer.told("reset 1 CONNECTION_LOST", "reset 3 CONNECTION_LOST", "end CONNECTION_LOST")
                .leavesNothing();
    }

    @Test
    void inputMayArriveByteByByte() {
        String[] session = {
            Wire.syn(2), Wire.data(2, "hello"), Wire.ping(9), Wire.update(2, 5), Wire.data(Wire.FIN, 2, "end")
        };
        peer.sendsInPiecesOf(1, session);
        peer.told(
                "stream 2",
                "data 2 h",
                "data 2 e",
                "data 2 l",
                "data 2 l",
                "data 2 o",
                "data 2 e",
                "data 2 n",
                "data 2 d",
                "fin 2");
        peer.expects(Wire.pong(9));
        assertEquals(WINDOW + 5, peer.stream(2).sendWindow());
    }

    @Test
    void inputMayArriveInPiecesOfAnyLength() {
        for (int length = 1; length < 60; length++) {
            ScriptedPeer each = ScriptedPeer.server().userReads(false);
            each.sendsInPiecesOf(
                    length, Wire.syn(2), Wire.data(2, "hello"), Wire.ping(9), Wire.data(Wire.FIN, 2, "end"));
            assertEquals("helloend", each.reads(2), "pieces of " + length);
            each.expects(Wire.pong(9));
        }
    }

    @Test
    void emptyFrameIsCountedAndNothingElse() {
        opened();
        peer.sends(Wire.data(1, "")).toldNothing().expectsNothing();
        assertEquals(1, peer.core.ignoredFrames());
    }

    @Test
    void moreThanTheWindowEndsTheSessionBeforeAnythingIsAllocated() {
        opened();
        int before = peer.buffers.acquired();
        peer.userReads(false).sends(Wire.header(0, 0, 0, 1, WINDOW + 1), Wire.text("abc"));
        peer.told("reset 1 PROTOCOL_ERROR", "end PROTOCOL_ERROR");
        assertEquals(before + 1, peer.buffers.acquired(), "memory for more than the GoAway");
        peer.expects(Wire.goAway(1)).leavesNothing();
    }

    @Test
    void oneByteMoreThanTheRestOfTheWindowEndsTheSession() {
        opened();
        peer.userReads(false).sends(Wire.data(1, "x".repeat(WINDOW))).told("buffered 1");
        peer.sends(Wire.data(1, "")).toldNothing();
        peer.sends(Wire.data(1, "x")).told("reset 1 PROTOCOL_ERROR", "end PROTOCOL_ERROR");
        peer.expects(Wire.goAway(1)).leavesNothing();
        Cause cause = peer.core.ended();
        assertNotNull(cause);
        assertEquals(
                "the peer violated the yamux protocol: stream 1 carries 1 bytes, and its window has 0",
                cause.message());
    }

    @Test
    void windowIsThatOfTheStreamAndNotOfTheSession() {
        opened();
        opened();
        peer.userReads(false).sends(Wire.data(1, "x".repeat(WINDOW)), Wire.data(3, "x".repeat(WINDOW)));
        peer.told("buffered 1", "buffered 3");
    }

    @Test
    void frameOfMoreThanAMebibyteIsTakenWhenTheWindowIsThatLarge() {
        ScriptedPeer wide = ScriptedPeer.server(options -> options.receiveWindow(3 << 20));
        wide.opens();
        wide.userReads(false).sends(Wire.data(1, "x".repeat(2 << 20)));
        assertEquals(2 << 20, wide.stream(1).available());
        assertNull(wide.core.ended());
    }

    @Test
    void bytesForUnknownStreamsAreDrainedInSilence() {
        peer.sends(Wire.data(1, "x".repeat(1000)), Wire.data(2, "abc"), Wire.header(0, 0, 0, 6, 400_000));
        for (int n = 0; n < 4; n++) peer.sends(Wire.text("x".repeat(100_000)));
        peer.sends(Wire.ping(3)).toldNothing().expects(Wire.pong(3));
        assertEquals(3, peer.core.ignoredFrames());
    }

    @Test
    void dataForIdZeroEndsTheSession() {
        peer.sends(Wire.data(0, "abc")).told("end PROTOCOL_ERROR").expects(Wire.goAway(1));
    }

    @Test
    void whatTheUserLeavesIsKeptInOrder() {
        opened();
        peer.userReads(false).sends(Wire.data(1, "abc"));
        peer.userReads(true).sends(Wire.data(1, "def")).told("buffered 1", "buffered 1");
        assertEquals("abcdef", peer.reads(1));
        peer.sends(Wire.data(1, "ghi")).told("data 1 ghi");
    }

    // ---- sending

    @Test
    void frameIsAtMostTheWindow() {
        opened();
        peer.writesBytes(1, WINDOW - 10);
        peer.reads();
        ByteBuffer room = peer.stream(1).reserve(1000, peer.now());
        assertEquals(10, room.remaining());
        peer.stream(1).commit(10, peer.now());
        assertNull(peer.stream(1).reserve(1000, peer.now()));
    }

    @Test
    void whatWasReservedMayBeUsedInPartOrNotAtAll() {
        opened();
        peer.stream(1).reserve(100, peer.now()).put((byte) 'a').put((byte) 'b');
        peer.stream(1).commit(1, peer.now());
        peer.stream(1).reserve(100, peer.now()).put((byte) 'z');
        peer.stream(1).cancel();
        peer.expects(Wire.data(1, "a"));
        assertEquals(WINDOW - 1, peer.stream(1).sendWindow());
        peer.stream(1).reserve(100, peer.now());
        peer.stream(1).cancel();
        peer.expectsNothing();
        peer.buffers.assertAllReturned();
    }

    @Test
    void streamThatIsAloneSendsFramesOfAWholeWindowAndSeveralShare() {
        opened();
        opened();
        assertEquals(WINDOW, peer.stream(1).reserve(WINDOW, peer.now()).remaining());
        peer.stream(1).commit(1000, peer.now());
        assertEquals(
                SendQuantum.SHARED, peer.stream(3).reserve(WINDOW, peer.now()).remaining());
        peer.stream(3).commit(1000, peer.now());
        assertEquals(
                SendQuantum.SHARED, peer.stream(1).reserve(WINDOW, peer.now()).remaining());
        peer.stream(1).cancel();
    }

    @Test
    void streamsThatFoundNoRoomGetTheirTurnInTheOrderInWhichTheyAsked() {
        for (int n = 0; n < 5; n++) opened();
        fill();
        for (int id : new int[] {7, 3, 5}) assertNull(peer.stream(id).reserve(20_000, peer.now()));
        peer.toldNothing();
        peer.reads();
        peer.told("writable 7", "writable 3", "writable 5");
    }

    @Test
    void noStreamOvertakesOneThatWaits() {
        opened();
        opened();
        fill();
        assertNull(peer.stream(1).reserve(20_000, peer.now()));
        // There is room again, but stream 1 was not given its turn yet.
        drainWithoutResuming();
        assertNull(peer.stream(3).reserve(1, peer.now()));
        peer.core.resumeWaiting(peer.now());
        peer.told("writable 1", "writable 3");
        assertNotNull(peer.stream(3).reserve(1, peer.now()));
    }

    @Test
    void streamThatHasItsTurnMayWriteAlthoughOthersWait() {
        opened();
        opened();
        fill();
        assertNull(peer.stream(1).reserve(20_000, peer.now()));
        assertNull(peer.stream(3).reserve(20_000, peer.now()));
        peer.userOnWritable(id -> peer.writesBytes(id, 5));
        peer.reads();
        peer.told("writable 1", "writable 3");
        peer.expects(Wire.data(0, 1, new byte[5]), Wire.data(0, 3, new byte[5]));
    }

    @Test
    void smallWriteFindsRoomWhereALargeOneWaits() {
        opened();
        opened();
        fill();
        int left = peer.core.parts().queue().buffer.room();
        assertNull(peer.stream(1).reserve(left + 1, peer.now()));
        peer.stream(1).closeWrite(peer.now()); // leaves the queue, and its FIN takes twelve bytes
        assertEquals(left - 12, peer.stream(3).reserve(left - 12, peer.now()).remaining());
    }

    @Test
    void controlOvertakesDataButNeverCutsAFrame() {
        opened();
        peer.writes(1, "first").writes(1, "second");
        byte[] begun = peer.readsAtMost(14);
        peer.sends(Wire.ping(1));
        byte[] rest = peer.reads();
        assertEquals(
                Wire.lines(Wire.bytes(Wire.data(1, "first"), Wire.pong(1), Wire.data(1, "second"))),
                Wire.lines(Wire.bytes(hex(begun), hex(rest))));
    }

    @Test
    void everythingCanBeTakenAtOnce() {
        opened();
        peer.writes(1, "first").sends(Wire.ping(1));
        Chunk taken = peer.core.takeOutput(peer.now());
        byte[] bytes = new byte[taken.bytes.remaining()];
        taken.bytes.get(bytes);
        assertEquals(Wire.lines(Wire.bytes(Wire.pong(1), Wire.data(1, "first"))), Wire.lines(bytes));
        assertNull(peer.core.takeOutput(peer.now()));
        peer.buffers.release(taken);
        peer.buffers.assertAllReturned();
    }

    @Test
    void tapSeesEveryHeader() {
        List<String> seen = new java.util.ArrayList<>();
        FrameTap tap = (outbound, type, flags, id, length) ->
                seen.add((outbound ? "> " : "< ") + Frame.describe(type, flags, id, length));
        peer.core.tap(tap);
        peer.opens();
        peer.writes(1, "abc").sends(Wire.data(9, "unknown"), Wire.ping(5)).reads();
        assertEquals(
                List.of(
                        "> WINDOW_UPDATE SYN id=1 len=0",
                        "> DATA id=1 len=3",
                        "< DATA id=9 len=7",
                        "< PING SYN id=0 len=5",
                        "> PING ACK id=0 len=5"),
                seen);
        peer.core.tap(null);
        peer.writes(1, "abc");
        assertEquals(5, seen.size());
    }

    /** Fills the output so far that no large write finds room. */
    private void fill() {
        MuxStream filler = opened();
        peer.sends(Wire.update(filler.id(), 10 << 20));
        SendBuffer buffer = peer.core.parts().queue().buffer;
        while (buffer.room() >= 16 * 1024) {
            filler.reserve(16 * 1024, peer.now());
            filler.commit(16 * 1024, peer.now());
        }
    }

    private void drainWithoutResuming() {
        for (ByteBuffer out; (out = peer.core.nextOutput(peer.now())) != null; )
            peer.core.sent(out.remaining(), peer.now());
    }

    private static String hex(byte[] bytes) {
        return java.util.HexFormat.of().formatHex(bytes);
    }
}
