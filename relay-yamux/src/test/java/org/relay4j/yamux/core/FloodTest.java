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
        EMPTY_DATA(Glitch.EMPTY_DATA, n -> Wire.data(2, "")),
        EMPTY_DATA_WITH_ACK(Glitch.EMPTY_DATA, n -> Wire.data(Wire.ACK, 2, "")),
        EMPTY_DATA_WITH_UNKNOWN_FLAG(Glitch.EMPTY_DATA, n -> Wire.data(0x40, 2, "")),
        EMPTY_UPDATE(Glitch.EMPTY_UPDATE, n -> Wire.update(2, 0)),
        REPEATED_ACK(Glitch.EMPTY_UPDATE, n -> Wire.ack(1)),
        CREDIT_FOR_NOTHING(Glitch.IDLE_CREDIT, n -> Wire.update(1, 1000)),
        CREDIT_BYTE_BY_BYTE(Glitch.IDLE_CREDIT, n -> Wire.update(2, 1)),
        DATA_FOR_A_DEAD_ID(Glitch.UNKNOWN_STREAM, n -> Wire.data(99, "nobody is here")),
        UPDATE_FOR_A_DEAD_ID(Glitch.UNKNOWN_STREAM, n -> Wire.update(98, 100_000)),
        FIN_FOR_A_DEAD_ID(Glitch.UNKNOWN_STREAM, n -> Wire.fin(97)),
        RST_FOR_A_DEAD_ID(Glitch.UNKNOWN_STREAM, n -> Wire.rst(96)),
        PING(Glitch.PING, Wire::ping),
        PONG(Glitch.STRAY_PONG, Wire::pong),
        PING_WITHOUT_FLAGS(Glitch.STRAY_PONG, n -> Wire.header(0, 2, 0, 0, n)),
        GO_AWAY(Glitch.REPEATED_GO_AWAY, n -> Wire.goAway(0)),
        RAPID_RESET(Glitch.RESET_STREAM, n -> Wire.syn(4 + 2 * n) + Wire.rst(4 + 2 * n)),
        RAPID_RESET_IN_ONE_FRAME(Glitch.RESET_STREAM, n -> Wire.update(Wire.SYN | Wire.RST, 4, 0)),
        RESET_WITH_DATA(Glitch.RESET_STREAM, n -> Wire.data(Wire.SYN, 4, "x") + Wire.data(Wire.RST, 4, "y")),
        MAKES_US_RESET(Glitch.RESET_STREAM, n -> Wire.update(Wire.SYN | Wire.FIN, 4, 0) + Wire.data(4, "x")),
        REFUSED(Glitch.REFUSED_STREAM, n -> Wire.syn(0xFFFF_FF00L));

        private final Glitch glitch;

        @SuppressWarnings("ImmutableEnumChecker") // none of the functions has a state
        private final IntFunction<String> frames;

        Flood(Glitch glitch, IntFunction<String> frames) {
            this.glitch = glitch;
            this.frames = frames;
        }
    }

    private final ScriptedPeer peer =
            ScriptedPeer.server(options -> options.glitches(BURST, RATE).resets(BURST, RATE));
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
        assertEquals(BURST, peer.core.glitches(flood.glitch));
        peer.sends(flood.frames.apply(BURST));
        Cause cause = peer.core.ended();
        assertNotNull(cause);
        assertEquals(Cause.Kind.PROTOCOL_ERROR, cause.kind());
        assertEquals(
                "the peer broke the yamux protocol: more than 500 "
                        + (flood.glitch.isStream() ? "streams opened for nothing" : "frames of no use")
                        + ", or 100 a second; the last one was " + flood.glitch.text,
                cause.message());
        byte[] last = peer.reads();
        assertEquals(Wire.goAway(1), Wire.lines(java.util.Arrays.copyOfRange(last, last.length - 12, last.length)));
        assertEquals(BURST + 1, peer.core.glitches(flood.glitch));
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
                peer.core.output().control.size() + peer.core.output().waiting.size());
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
                ScriptedPeer.server(options -> options.glitches(1, 0).resets(1, 0));
        free.opens();
        free.sends(Wire.ack(1), Wire.syn(2)).accepts(2);
        if (flood == Flood.REFUSED) free.userRefuses(true);
        for (int n = 0; n < 10 * BURST; n++) free.sends(flood.frames.apply(n)).afresh();
        assertNull(free.core.ended());
        assertTrue(free.core.glitches(flood.glitch) >= 10 * BURST - 1);
    }
}
