package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * What leaves, byte for byte: the bytes that hashicorp/yamux, whose frames every implementation understands, was seen to
 * send in the same situation; and the rules of the narrow profile that all implementations are known to take.
 */
class GoldenBytesTest {
    private static final int SIX_MEBIBYTES = 6 << 20;

    // ---- the bytes of hashicorp/yamux

    @Test
    void open() {
        ScriptedPeer peer = ScriptedPeer.server();
        peer.opens();
        peer.expects("000100010000000100000000");
    }

    @Test
    void openWithAWindowOfSixMebibytes() {
        ScriptedPeer peer = ScriptedPeer.server(options -> options.receiveWindow(SIX_MEBIBYTES));
        peer.opens();
        peer.expects("0001000100000001005c0000");
    }

    @Test
    void openByTheServer() {
        ScriptedPeer peer = ScriptedPeer.client();
        peer.opens();
        peer.opens();
        peer.expects("000100010000000200000000", "000100010000000400000000");
    }

    @Test
    void write() {
        ScriptedPeer peer = ScriptedPeer.server();
        peer.opens();
        peer.reads();
        peer.writes(1, "hello");
        peer.expects("000000000000000100000005 68656c6c6f");
    }

    @Test
    void accept() {
        ScriptedPeer peer = ScriptedPeer.server();
        peer.sends("000100010000000200000000").expectsNothing(); // not by the arrival of the SYN
        peer.accepts(2).expects("000100020000000200000000");
    }

    @Test
    void acceptWithAWindowOfSixMebibytes() {
        ScriptedPeer peer = ScriptedPeer.server(options -> options.receiveWindow(SIX_MEBIBYTES));
        peer.sends("000100010000000200000000").accepts(2);
        peer.expects("0001000200000002005c0000");
    }

    @Test
    void closeOfAStream() {
        ScriptedPeer peer = ScriptedPeer.server();
        peer.opens();
        peer.afresh();
        peer.stream(1).closeWrite(peer.now());
        peer.expects("000100040000000100000000");
    }

    @Test
    void refusal() {
        ScriptedPeer peer = ScriptedPeer.server().userRefuses(true);
        peer.sends("000100010000000200000000").expects("000100080000000200000000");
    }

    @Test
    void resetWithoutAndWithACode() {
        ScriptedPeer peer = ScriptedPeer.server();
        peer.opens();
        peer.opens();
        peer.afresh();
        peer.stream(1).reset(0);
        peer.stream(3).reset(42);
        peer.expects("000100080000000100000000", "00010008000000030000002a");
    }

    @Test
    void pingAndPong() {
        ScriptedPeer peer = ScriptedPeer.server();
        peer.core.ping(peer.now());
        peer.expects("000200010000000000000001");
        peer.sends("0002000200000000 00000001").told("pong after 0 ms");
        peer.sends("0002000100000000 0badcafe").expects("0002000200000000 0badcafe");
    }

    @Test
    void pongIsForTheSessionWhateverIdThePingHad() {
        ScriptedPeer.server().sends("0002000100000007 00000000").expects("0002000200000000 00000000");
    }

    @Test
    void goAwayOfAnOrderlyEnd() {
        ScriptedPeer peer = ScriptedPeer.server();
        peer.core.close();
        peer.expects("000300000000000000000000");
    }

    @Test
    void goAwayAfterAViolation() {
        ScriptedPeer.server().sends("010000000000000000000000").expects("000300000000000000000001");
    }

    @Test
    void creditOfHalfAWindow() {
        ScriptedPeer peer = ScriptedPeer.server();
        peer.sends(Wire.syn(2)).accepts(2).afresh();
        peer.sends(Wire.data(2, "x".repeat(128 * 1024 - 1))).expectsNothing();
        peer.sends(Wire.data(2, "x")).expects("000100000000000200020000");
    }

    // ---- the narrow profile

    @Test
    void nothingIsSentBeforeTheUserWantsIt() {
        ScriptedPeer.server().expectsNothing();
        ScriptedPeer.client().expectsNothing();
    }

    @Test
    void framesKeepToTheProfileOverAWholeSession() {
        List<Header> frames = busySession();
        Set<Integer> ended = new HashSet<>();
        for (Header frame : frames) {
            assertTrue(Integer.bitCount(frame.flags) <= 1, () -> "more than one flag: " + frame);
            if (frame.flags != 0 && frame.type != 2) assertEquals(1, frame.type, () -> "flag elsewhere: " + frame);
            if (frame.type >= 2) assertEquals(0, frame.id, () -> "id of a session frame: " + frame);
            if (frame.type == 0) assertTrue(frame.length >= 1 && frame.length <= 256 * 1024, frame::toString);
            if (frame.type == 1) assertTrue(frame.length >= 0 && frame.length < 1L << 31, frame::toString);
            if (frame.flags == Wire.FIN) assertEquals(0, frame.length, frame::toString);
            if (frame.type == 0 || frame.flags == Wire.FIN) {
                assertTrue(!ended.contains(frame.id), () -> "after the FIN: " + frame);
            }
            if (frame.flags == Wire.FIN) ended.add(frame.id);
            if (frame.type == 1 && frame.flags == Wire.SYN) assertEquals(1, frame.id & 1, () -> "parity: " + frame);
        }
        assertEquals(3, frames.get(frames.size() - 1).type, "nothing follows the GoAway");
        assertEquals(Set.of(1, 2, 3), ended);
    }

    /** Opens, accepts, writes, reads, answers, refuses, closes. */
    private static List<Header> busySession() {
        List<Header> frames = new ArrayList<>();
        ScriptedPeer peer = ScriptedPeer.server(options -> options.maxStreams(1));
        peer.core.tap((outbound, type, flags, id, length) -> {
            if (outbound) frames.add(new Header(type, flags, id, length));
        });
        peer.opens();
        peer.opens();
        peer.sends(Wire.syn(2), Wire.syn(4)).accepts(2);
        for (int id = 1; id <= 3; id++) peer.writesBytes(id, 200_000);
        peer.sends(Wire.data(1, "x".repeat(140_000)), Wire.data(2, "y".repeat(140_000)), Wire.ping(5), Wire.ack(3));
        peer.core.ping(peer.now());
        peer.reads();
        for (int id = 1; id <= 3; id++) {
            peer.stream(id).closeWrite(peer.now());
            peer.stream(id).closeWrite(peer.now());
            peer.sends(Wire.data(id, "late")).reads();
        }
        peer.stream(3).reset(0);
        peer.core.close();
        peer.reads();
        return frames;
    }

    private record Header(int type, int flags, int id, long length) {}
}
