package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.api.Test;

/** What time alone brings about. */
class TimersTest {
    private static ScriptedPeer server(java.util.function.UnaryOperator<Options> changes) {
        return ScriptedPeer.server(options -> changes.apply(options.withoutTimeouts()));
    }

    // ---- the session

    @Test
    void silentPeerIsAskedAndThenGivenUp() {
        ScriptedPeer peer = server(options -> options.keepAlive(30, 10));
        peer.opens();
        peer.reads();
        peer.afterSeconds(29.999).expectsNothing();
        peer.afterSeconds(0.001).expects(Wire.ping(1));
        peer.afterSeconds(9.999).toldNothing();
        peer.afterSeconds(0.001)
                .told("reset 1 TIMEOUT", "end TIMEOUT")
                .expectsNothing()
                .leavesNothing();
    }

    @Test
    void anyByteIsASignOfLife() {
        ScriptedPeer peer = server(options -> options.keepAlive(30, 10));
        peer.afterSeconds(30).expects(Wire.ping(1));
        String header = Wire.header(0, 0, 0, 1, 5);
        for (int n = 0; n < 12; n++) {
            peer.afterSeconds(9)
                    .sends(header.substring(2 * n, 2 * n + 2))
                    .toldNothing()
                    .expectsNothing();
        }
    }

    @Test
    void answeredPingStartsANewInterval() {
        ScriptedPeer peer = server(options -> options.keepAlive(30, 10));
        for (int n = 1; n < 5; n++) {
            peer.afterSeconds(30).expects(Wire.ping(n)).afterSeconds(1).sends(Wire.pong(n));
            peer.told("pong after 1000 ms").afterSeconds(29).expectsNothing();
            peer.sends(Wire.data(1, "")).toldNothing();
        }
    }

    @Test
    void peerThatDoesNotReadIsGivenUp() {
        ScriptedPeer peer = server(options -> options.writeStallTimeout(30));
        peer.opens();
        peer.afterSeconds(1).afterSeconds(29.9).toldNothing();
        peer.sends(Wire.data(1, "it does send, though")).told("data 1 it does send, though");
        peer.afterSeconds(0.1).told("reset 1 TIMEOUT", "end TIMEOUT").leavesNothing();
    }

    @Test
    void peerThatReadsSlowlyIsKept() {
        ScriptedPeer peer = server(options -> options.writeStallTimeout(30));
        peer.opens();
        peer.writesBytes(1, 100);
        for (int n = 0; n < 100; n++) {
            peer.readsAtMost(1);
            peer.afterSeconds(29).toldNothing();
        }
    }

    @Test
    void writeThatMovesNothingIsNoProgress() {
        ScriptedPeer peer = server(options -> options.writeStallTimeout(30));
        peer.opens();
        peer.afterSeconds(0);
        for (int n = 0; n < 3; n++) {
            peer.afterSeconds(9).toldNothing();
            peer.core.nextOutput(peer.now());
            peer.core.sent(0, peer.now());
        }
        peer.afterSeconds(3).told("reset 1 TIMEOUT", "end TIMEOUT");
    }

    @Test
    void nothingToSendIsNoStall() {
        server(options -> options.writeStallTimeout(30))
                .afterSeconds(1000)
                .afterSeconds(1000)
                .toldNothing();
    }

    // ---- opening

    @Test
    void streamThatIsNotAnsweredIsResetAndTheSessionGoesOn() {
        ScriptedPeer peer = server(options -> options.openTimeout(75).maxUnacknowledged(1));
        peer.opens();
        peer.core.awaitOpenable();
        peer.reads();
        peer.afterSeconds(74.9).toldNothing();
        peer.afterSeconds(0.1).told("reset 1 OPEN_TIMEOUT", "openable").expects(Wire.rst(1));
        assertNull(peer.core.ended());
        assertEquals(0, peer.core.streamCount());
    }

    @Test
    void streamThatWasAnsweredHasNoOpenTimeout() {
        ScriptedPeer peer = server(options -> options.openTimeout(75));
        peer.opens();
        peer.reads();
        peer.afterSeconds(74)
                .sends(Wire.update(1, 1))
                .afterSeconds(1000)
                .toldNothing()
                .expectsNothing();
    }

    @Test
    void writingDoesNotPutOffTheOpenTimeout() {
        ScriptedPeer peer = server(options -> options.openTimeout(75));
        peer.opens();
        for (int n = 0; n < 7; n++)
            peer.afterSeconds(10).writes(1, "more").toldNothing().reads();
        peer.afterSeconds(5).told("reset 1 OPEN_TIMEOUT").expects(Wire.rst(1));
    }

    @Test
    void streamThatNobodyAcceptsIsAcknowledgedInTime() {
        ScriptedPeer peer = server(options -> options.acceptTimeout(20));
        peer.sends(Wire.syn(2)).afterSeconds(19.9).expectsNothing();
        peer.afterSeconds(0.1).expects(Wire.ack(2));
        peer.accepts(2).expectsNothing();
        peer.told("stream 2");
    }

    @Test
    void dataDoesNotPutOffTheAcknowledgement() {
        ScriptedPeer peer = server(options -> options.acceptTimeout(20)).userReads(false);
        peer.sends(Wire.syn(2)).afterSeconds(15).sends(Wire.data(2, "more")).writes(2, "banner");
        peer.reads();
        peer.afterSeconds(5).expects(Wire.ack(2));
    }

    // ---- closing

    @Test
    void halfClosedStreamThatIsIdleIsReset() {
        ScriptedPeer peer = server(options -> options.halfCloseTimeout(300));
        peer.opens();
        peer.opens();
        peer.sends(Wire.ack(1), Wire.fin(3)).stream(1).closeWrite(peer.now());
        peer.afresh().afterSeconds(299.9).toldNothing();
        peer.afterSeconds(0.1);
        assertEquals(0, peer.core.streamCount());
        assertEquals(24, peer.reads().length);
    }

    @Test
    void halfClosedStreamThatIsUsedIsKept() {
        ScriptedPeer peer = server(options -> options.halfCloseTimeout(300));
        peer.opens();
        peer.opens();
        peer.sends(Wire.ack(1), Wire.fin(3)).stream(1).closeWrite(peer.now());
        for (int n = 0; n < 5; n++) {
            peer.afterSeconds(299).sends(Wire.data(1, "more")).writes(3, "more");
        }
        assertEquals(2, peer.core.streamCount());
        peer.afterSeconds(300);
        assertEquals(0, peer.core.streamCount());
    }

    @Test
    void streamThatIsOpenInBothDirectionsMayBeIdleForEver() {
        ScriptedPeer peer = ScriptedPeer.server(options -> options.keepAlive(0, 0));
        peer.opens();
        peer.sends(Wire.ack(1)).afresh().afterSeconds(1e6).toldNothing().expectsNothing();
    }

    @Test
    void peerThatGoesOnSendingToAClosedStreamIsTold() {
        ScriptedPeer peer = server(options -> options.lingerTimeout(5));
        peer.opens();
        peer.sends(Wire.ack(1)).stream(1).close(peer.now());
        peer.afresh();
        for (int n = 0; n < 10; n++) {
            peer.afterSeconds(4.9).sends(Wire.data(1, "in vain")).toldNothing().expectsNothing();
        }
        peer.afterSeconds(5).told("reset 1 IDLE_TIMEOUT").expects(Wire.rst(1)).leavesNothing();
    }

    @Test
    void peerThatIsBlockedByAClosedStreamIsTold() {
        ScriptedPeer peer = server(options -> options.lingerTimeout(5)).userReads(false);
        peer.opens();
        peer.sends(Wire.ack(1), Wire.data(1, "x".repeat(262_144))).stream(1).close(peer.now());
        peer.afresh().afterSeconds(4.9).toldNothing();
        peer.afterSeconds(0.1).told("reset 1 IDLE_TIMEOUT").expects(Wire.rst(1)).leavesNothing();
    }

    @Test
    void peerThatIsSilentMayStillBeReadingFromAClosedStream() {
        ScriptedPeer peer = server(options -> options.lingerTimeout(5).halfCloseTimeout(300))
                .userReads(false);
        peer.opens();
        peer.sends(Wire.ack(1), Wire.data(1, "request, and something that was not read"));
        peer.writesBytes(1, 200_000);
        peer.stream(1).close(peer.now());
        peer.afresh().afterSeconds(299.9).toldNothing().expectsNothing();
        peer.afterSeconds(0.1).told("reset 1 IDLE_TIMEOUT").expects(Wire.rst(1)).leavesNothing();
    }

    @Test
    void closedStreamWhosePeerFinishesInTimeIsNotReset() {
        ScriptedPeer peer = server(options -> options.lingerTimeout(5));
        peer.opens();
        peer.sends(Wire.ack(1)).stream(1).close(peer.now());
        peer.afresh().afterSeconds(4.9).sends(Wire.fin(1)).told("fin 1");
        peer.afterSeconds(100).toldNothing().expectsNothing().leavesNothing();
    }

    @Test
    void resetAfterLingeringStandsBehindTheData() {
        ScriptedPeer peer = server(options -> options.lingerTimeout(5));
        peer.opens();
        peer.sends(Wire.ack(1)).afresh();
        peer.writes(1, "reply").stream(1).close(peer.now());
        peer.sends(Wire.data(1, "in vain")).afterSeconds(5).expects(Wire.data(1, "reply"), Wire.fin(1), Wire.rst(1));
    }

    @Test
    void timeoutsOfZeroAreOff() {
        ScriptedPeer peer = server(options -> options);
        peer.opens();
        peer.opens();
        peer.opens().close(peer.now());
        peer.sends(Wire.syn(2), Wire.syn(4), Wire.fin(4), Wire.ack(3)).stream(3).closeWrite(peer.now());
        peer.core.ping(peer.now());
        peer.afresh();
        peer.writes(1, "stalled").afterSeconds(1e6).afterSeconds(1e6).toldNothing();
        assertEquals(5, peer.core.streamCount());
        assertNull(peer.core.ended());
    }
}
