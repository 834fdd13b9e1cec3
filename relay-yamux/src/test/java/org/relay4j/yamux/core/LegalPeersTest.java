package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The busiest peers that keep to the rules, against the default budgets: none of them is taken for a hostile one. */
@Tag("slow")
class LegalPeersTest {
    private static final int WINDOW = 262_144;

    private final ScriptedPeer peer = ScriptedPeer.server();

    @AfterEach
    void noSessionHasEnded() {
        assertNull(peer.core.ended());
    }

    /** js-libp2p returns the credit of each Data frame at once. */
    @Test
    void creditForEachKeystroke() {
        peer.opens();
        peer.sends(Wire.ack(1));
        for (int n = 0; n < 1_200_000; n++) {
            peer.writes(1, "k");
            peer.reads();
            peer.sends(Wire.update(1, 1));
        }
        assertEquals(0, peer.core.parts().wasteful().count(WastefulFrame.IDLE_CREDIT));
    }

    @Test
    void creditForEachFrameOrForHalfAWindow() {
        peer.opens();
        peer.sends(Wire.ack(1));
        for (int n = 0; n < 5_000; n++) {
            assertEquals(WINDOW / 2, peer.writesBytes(1, WINDOW / 2));
            peer.reads();
            if (n % 2 == 0) peer.sends(Wire.update(1, WINDOW / 2));
            else peer.sends(Wire.update(1, WINDOW / 4), Wire.update(1, WINDOW / 4));
        }
        assertEquals(0, peer.core.parts().wasteful().count(WastefulFrame.IDLE_CREDIT));
    }

    /** frp announces 6 MiB with its first answer. */
    @Test
    void windowThatIsAnnouncedWithTheFirstAnswer() {
        peer.opens();
        peer.sends(Wire.update(Wire.ACK, 1, 6_029_312), Wire.update(Wire.SYN, 2, 6_029_312));
        assertEquals(0, peer.core.parts().wasteful().count(WastefulFrame.IDLE_CREDIT));
    }

    /** rust-yamux and others double the window, so credit is more than was sent. */
    @Test
    void windowThatGrowsCountsOnceForEachDoubling() {
        peer.opens();
        peer.sends(Wire.ack(1));
        for (int size = WINDOW; size < 16 << 20; size *= 2) {
            assertEquals(WINDOW, peer.writesBytes(1, WINDOW));
            peer.reads();
            peer.sends(Wire.update(1, WINDOW + size));
        }
        assertEquals(6, peer.core.parts().wasteful().count(WastefulFrame.IDLE_CREDIT));
    }

    /** Bytes in flight to a stream when it was reset here: a whole window, in frames of one byte. */
    @Test
    void windowOfSmallFramesForAStreamThatWasJustReset() {
        peer.sends(Wire.syn(2)).accepts(2).stream(2).reset(0);
        peer.sends(Wire.data(2, "x").repeat(WINDOW));
        assertEquals(WINDOW, peer.core.parts().wasteful().count(WastefulFrame.UNKNOWN_STREAM));
    }

    @Test
    void allStreamsAreResetAtOnce() {
        for (int n = 0; n < 65_536; n++) {
            peer.sends(Wire.syn(2 + 2 * n), Wire.data(2 + 2 * n, "hello")).accepts(2 + 2 * n);
            peer.afresh();
        }
        assertEquals(65_536, peer.core.streamCount());
        for (int n = 0; n < 65_536; n++) peer.sends(Wire.rst(2 + 2 * n)).forgets(2 + 2 * n);
        assertEquals(0, peer.core.streamCount());
        peer.reads();
        peer.buffers.assertAllReturned();
    }

    /** Twelve thousand a second that connect, ask, and leave with a reset, or with a FIN that crosses ours. */
    @Test
    void visitorsThatComeAndGo() {
        int id = 2;
        for (int tenth = 0; tenth < 300; tenth++) {
            for (int n = 0; n < 1_200; n++, id += 2) {
                peer.sends(Wire.data(Wire.SYN, id, "GET /")).accepts(id);
                if (n % 2 == 0) peer.sends(Wire.rst(id));
                else {
                    peer.stream(id).close(peer.now());
                    peer.sends(Wire.data(id, "more"), Wire.fin(id), Wire.update(id, 5));
                }
                peer.forgets(id);
            }
            peer.reads();
            peer.afterSeconds(0.1);
        }
        assertEquals(0, peer.core.streamCount());
        assertEquals(180_000, peer.core.parts().wasteful().count(WastefulFrame.RESET_STREAM));
        assertEquals(180_000, peer.core.parts().wasteful().count(WastefulFrame.UNKNOWN_STREAM));
    }

    @Test
    void programThatMeasuresTheRoundTripAllTheTime() {
        for (int n = 0; n < 1_500_000; n++) {
            if (n % 8_000 == 0) peer.afterSeconds(0.1); // 80,000 a second
            peer.sends(Wire.ping(n));
            peer.reads();
        }
    }

    /** Whoever has a writer with much to send, and gives it one byte of window at a time, is no legal peer. */
    @Test
    void creditByteByByteForAWriterWhoCouldSendMoreIsCounted() {
        ScriptedPeer dribbles = ScriptedPeer.server(options -> options.wastefulFrames(1_000, 100));
        dribbles.opens();
        dribbles.sends(Wire.ack(1));
        dribbles.writesBytes(1, WINDOW);
        dribbles.reads();
        assertNull(dribbles.stream(1).reserve(1, dribbles.now()));
        dribbles.userOnWritable(id -> dribbles.writesBytes(id, 65_536));
        int frames = 0;
        for (; dribbles.core.ended() == null && frames < 10_000; frames++)
            dribbles.sends(Wire.update(1, 1)).reads();
        assertEquals(1_001, frames, "the budget, and one too many");
        Cause cause = dribbles.core.ended();
        assertNotNull(cause);
        assertEquals(Cause.Kind.PROTOCOL_ERROR, cause.kind());
        dribbles.leavesNothing();
    }
}
