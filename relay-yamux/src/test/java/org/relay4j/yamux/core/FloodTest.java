package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.IntFunction;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A peer that reads, and sends as much as it can of what costs it nothing. Each flood ends at its budget and not before, takes
 * no memory, and makes this end send no more frames than it got.
 */
class FloodTest {
    private static final int BURST = 500;
    private static final int RATE = 100; // a second

    /** The core is the client: stream 1 was opened by it and answered, stream 2 by the peer and accepted. */
    enum Flood {
        EMPTY_DATA(WastefulFrame.EMPTY_DATA, n -> Wire.data(2, "")),
        EMPTY_DATA_WITH_ACK(WastefulFrame.EMPTY_DATA, n -> Wire.data(Wire.ACK, 2, "")),
        EMPTY_DATA_WITH_UNKNOWN_FLAG(WastefulFrame.EMPTY_DATA, n -> Wire.data(0x40, 2, "")),
        EMPTY_UPDATE(WastefulFrame.EMPTY_UPDATE, n -> Wire.update(2, 0)),
        REPEATED_ACK(WastefulFrame.EMPTY_UPDATE, n -> Wire.ack(1)),
        CREDIT_FOR_NOTHING(WastefulFrame.IDLE_CREDIT, n -> Wire.update(1, 1000)),
        CREDIT_BYTE_BY_BYTE(WastefulFrame.IDLE_CREDIT, n -> Wire.update(2, 1)),
        DATA_FOR_A_DEAD_ID(WastefulFrame.UNKNOWN_STREAM, n -> Wire.data(99, "too late")),
        UPDATE_FOR_A_DEAD_ID(WastefulFrame.UNKNOWN_STREAM, n -> Wire.update(98, 100_000)),
        FIN_FOR_A_DEAD_ID(WastefulFrame.UNKNOWN_STREAM, n -> Wire.fin(97)),
        RST_FOR_A_DEAD_ID(WastefulFrame.UNKNOWN_STREAM, n -> Wire.rst(96)),
        PING(WastefulFrame.PING, Wire::ping),
        PONG(WastefulFrame.STRAY_PONG, Wire::pong),
        PING_WITHOUT_FLAGS(WastefulFrame.STRAY_PONG, n -> Wire.header(0, 2, 0, 0, n)),
        GO_AWAY(WastefulFrame.REPEATED_GO_AWAY, n -> Wire.goAway(0)),
        RAPID_RESET(WastefulFrame.RESET_STREAM, n -> Wire.syn(4 + 2 * n) + Wire.rst(4 + 2 * n)),
        RAPID_RESET_IN_ONE_FRAME(WastefulFrame.RESET_STREAM, n -> Wire.update(Wire.SYN | Wire.RST, 4, 0)),
        RESET_WITH_DATA(WastefulFrame.RESET_STREAM, n -> Wire.data(Wire.SYN, 4, "x") + Wire.data(Wire.RST, 4, "y")),
        MAKES_US_RESET(WastefulFrame.RESET_STREAM, n -> Wire.update(Wire.SYN | Wire.FIN, 4, 0) + Wire.data(4, "x")),
        REFUSED(WastefulFrame.REFUSED_STREAM, n -> Wire.syn(0xFFFF_FF00L));

        private final WastefulFrame frame;

        @SuppressWarnings("ImmutableEnumChecker") // none of the functions has a state
        private final IntFunction<String> frames;

        Flood(WastefulFrame frame, IntFunction<String> frames) {
            this.frame = frame;
            this.frames = frames;
        }
    }

    private final ScriptedPeer peer =
            ScriptedPeer.server(options -> options.wastefulFrames(BURST, RATE).streamResets(BURST, RATE));
    private int in; // frames
    private int out; // frames

    private void begin(Flood flood) {
        peer.opens();
        peer.sends(Wire.ack(1), Wire.syn(2)).accepts(2);
        if (flood == Flood.GO_AWAY) peer.sends(Wire.goAway(0));
        if (flood == Flood.REFUSED) peer.userRefuses(true);
        peer.afresh();
        peer.core.tap((outbound, type, flags, id, length) -> {
            if (outbound) out++;
            else in++;
        });
    }

    private void send(Flood flood, int from, int count) {
        for (int n = from; n < from + count; n++) {
            peer.sends(flood.frames.apply(n));
            peer.afresh();
        }
    }

    @ParameterizedTest
    @EnumSource
    void endsAtItsBudgetAndNotBefore(Flood flood) {
        begin(flood);
        send(flood, 0, BURST);
        assertNull(peer.core.ended());
        assertEquals(BURST, peer.core.parts().wasteful().count(flood.frame));
        peer.sends(flood.frames.apply(BURST));
        Cause cause = peer.core.ended();
        assertNotNull(cause);
        assertEquals(Cause.Kind.PROTOCOL_ERROR, cause.kind());
        assertEquals(
                "the peer violated the yamux protocol: more than 500 "
                        + (flood.frame.isStream() ? "useless streams" : "wasteful frames")
                        + ", or 100 a second; the last one was " + flood.frame.text,
                cause.message());
        byte[] last = peer.reads();
        assertEquals(Wire.goAway(1), Wire.lines(java.util.Arrays.copyOfRange(last, last.length - 12, last.length)));
        assertEquals(BURST + 1, peer.core.parts().wasteful().count(flood.frame));
        peer.leavesNothing();
    }

    @ParameterizedTest
    @EnumSource
    void makesNoMoreFramesThanItIsAndTakesNoMemory(Flood flood) {
        begin(flood);
        int open = peer.core.streamCount();
        int acquired = peer.buffers.acquired();
        send(flood, 0, BURST);
        assertTrue(out <= in, () -> out + " frames for " + in);
        assertEquals(0, peer.buffers.bytesInUse());
        assertTrue(peer.buffers.acquired() - acquired <= out, "only what is sent takes a buffer, which comes back");
        assertEquals(open, peer.core.streamCount());
        assertEquals(
                0,
                peer.core.parts().queue().control.size()
                        + peer.core.parts().queue().waiting.size());
    }

    @ParameterizedTest
    @EnumSource
    void isPutUpWithForEverAtTheRate(Flood flood) {
        begin(flood);
        send(flood, 0, BURST);
        for (int second = 0; second < 20; second++) {
            peer.afterSeconds(1);
            send(flood, BURST + second * RATE, RATE);
        }
        assertNull(peer.core.ended());
        peer.sends(flood.frames.apply(BURST + 20 * RATE));
        assertNotNull(peer.core.ended());
    }

    @ParameterizedTest
    @EnumSource
    void hasNoLimitWithARateOfZero(Flood flood) {
        ScriptedPeer free =
                ScriptedPeer.server(options -> options.wastefulFrames(1, 0).streamResets(1, 0));
        free.opens();
        free.sends(Wire.ack(1), Wire.syn(2)).accepts(2);
        if (flood == Flood.REFUSED) free.userRefuses(true);
        for (int n = 0; n < 10 * BURST; n++) free.sends(flood.frames.apply(n)).afresh();
        assertNull(free.core.ended());
        assertTrue(free.core.parts().wasteful().count(flood.frame) >= 10 * BURST - 1);
    }
}
