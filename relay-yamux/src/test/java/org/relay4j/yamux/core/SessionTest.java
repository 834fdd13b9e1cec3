package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** What concerns the whole session: pings, GoAway in both directions, draining, the end and its causes. */
class SessionTest {
    private final ScriptedPeer peer = ScriptedPeer.server();

    // ---- malformed frames

    @Test
    void unknownVersionEndsTheSessionWithGoAway() {
        peer.opens();
        peer.reads();
        peer.sends("010100010000000200000000").told("reset 1 PROTOCOL_ERROR", "end PROTOCOL_ERROR");
        peer.expects(Wire.goAway(1)).leavesNothing();
    }

    @Test
    void unknownTypeEndsTheSessionWithGoAway() {
        peer.sends("000400000000000000000000")
                .told("end PROTOCOL_ERROR")
                .expects(Wire.goAway(1))
                .leavesNothing();
    }

    @Test
    void nothingBehindAViolationHasAnEffect() {
        peer.sends(Wire.header(0, 9, 0, 0, 0), Wire.syn(2), Wire.ping(1)).told("end PROTOCOL_ERROR");
        peer.sends(Wire.syn(4), Wire.ping(2)).toldNothing().expects(Wire.goAway(1));
    }

    @Test
    void goAwayStandsBehindTheDataThatWasWrittenBefore() {
        peer.opens();
        peer.writes(1, "hello").sends(Wire.header(0, 9, 0, 0, 0));
        peer.expects(Wire.syn(1), Wire.data(1, "hello"), Wire.goAway(1));
    }

    // ---- pings

    @Test
    void pingIsAnswered() {
        peer.sends(Wire.ping(0), Wire.ping(0xFFFF_FFFFL)).toldNothing();
        peer.expects(Wire.pong(0), Wire.pong(0xFFFF_FFFFL));
    }

    @Test
    void pingOfAStreamIsAnsweredForTheSession() {
        peer.sends("0002000100000007 00000005").expects("0002000200000000 00000005");
    }

    @Test
    void answerComesBeforeData() {
        peer.opens();
        peer.writes(1, "data").sends(Wire.ping(5)).expects(Wire.pong(5), Wire.syn(1), Wire.data(1, "data"));
    }

    @Test
    void pingWithoutFlagsIsIgnored() {
        peer.sends("000200000000000000000005").toldNothing().expectsNothing();
        assertEquals(1, peer.core.ignoredFrames());
    }

    @Test
    void pongThatNobodyAskedForIsIgnored() {
        peer.sends(Wire.pong(0), Wire.pong(1)).toldNothing().expectsNothing();
        assertEquals(2, peer.core.ignoredFrames());
    }

    @Test
    void secondPongIsIgnored() {
        peer.core.ping(peer.now());
        peer.reads();
        peer.sends(Wire.pong(1), Wire.pong(1)).told("pong after 0 ms");
        assertEquals(1, peer.core.ignoredFrames());
    }

    @Test
    void pongMeasuresTheTime() {
        peer.core.ping(peer.now());
        peer.core.ping(peer.now());
        peer.expects(Wire.ping(1)).afterSeconds(0.25).sends(Wire.pong(1)).told("pong after 250 ms");
    }

    // ---- GoAway of the peer

    @Test
    void goAwayOfThePeerStopsOpeningAndNothingElse() {
        peer.opens();
        peer.sends(Wire.syn(2)).accepts(2).afresh();
        peer.sends(Wire.goAway(0)).told("goAway");
        assertEquals(OpenState.GONE_AWAY, peer.core.openState());
        assertNull(peer.core.ended());
        peer.writes(1, "request").expects(Wire.data(1, "request"));
        peer.sends(Wire.data(1, "reply"), Wire.fin(1)).told("data 1 reply", "fin 1");
        peer.sends(Wire.syn(4)).told("stream 4");
    }

    @Test
    void secondGoAwayIsIgnored() {
        peer.sends(Wire.goAway(0), Wire.goAway(0)).told("goAway");
    }

    @Test
    void goAwayWithAnErrorEndsTheSessionAndCarriesTheCode() {
        for (long code : new long[] {1, 2, 42, 0xFFFF_FFFFL}) {
            ScriptedPeer each = ScriptedPeer.server();
            each.opens();
            each.sends(Wire.goAway(code)).told("reset 1 GO_AWAY " + code, "end GO_AWAY " + code);
            each.expectsNothing().leavesNothing();
            assertEquals(OpenState.ENDED, each.core.openState());
        }
    }

    @Test
    void goAwayTellsWhoeverWaitsToOpen() {
        ScriptedPeer narrow = ScriptedPeer.server(options -> options.maxUnacknowledged(1));
        narrow.opens();
        assertEquals(OpenState.WAIT, narrow.core.openState());
        narrow.core.awaitOpenable();
        narrow.sends(Wire.goAway(0)).told("goAway", "openable");
        assertEquals(OpenState.GONE_AWAY, narrow.core.openState());
    }

    // ---- our own GoAway

    @Test
    void drainTellsWhoeverWaitsToOpen() {
        ScriptedPeer narrow = ScriptedPeer.server(options -> options.maxUnacknowledged(1));
        narrow.opens();
        assertEquals(OpenState.WAIT, narrow.core.openState());
        narrow.core.awaitOpenable();
        narrow.core.drain(false);
        narrow.told("openable");
        assertEquals(OpenState.GONE_AWAY, narrow.core.openState());
    }

    @Test
    void callerThatWaitsToOpenIsNotifiedOnlyOfTheEnd() {
        ScriptedPeer narrow = ScriptedPeer.server(options -> options.maxUnacknowledged(1));
        narrow.opens();
        assertEquals(OpenState.WAIT, narrow.core.openState());
        narrow.core.awaitOpenable();
        narrow.core.fail(new Cause(Cause.Kind.CONNECTION_LOST, "lost"));
        narrow.core.resumeWaiting(narrow.now());
        narrow.told("reset 1 CONNECTION_LOST", "end CONNECTION_LOST");
    }

    @Test
    void drainRefusesNewStreamsAndSaysGoAwayWhenTheLastHasEnded() {
        peer.opens();
        peer.afresh();
        peer.core.drain(false);
        assertEquals(OpenState.GONE_AWAY, peer.core.openState());
        peer.expectsNothing();
        peer.sends(Wire.syn(2)).toldNothing().expects(Wire.rst(2));
        peer.stream(1).closeWrite(peer.now());
        peer.expects(Wire.fin(1));
        peer.sends(Wire.fin(1)).told("fin 1").expects(Wire.goAway(0));
        assertNull(peer.core.ended());
        peer.hangsUp().told("end CLOSED_BY_PEER");
    }

    @Test
    void drainWithoutStreamsSaysGoAwayAtOnceAndOnce() {
        peer.core.drain(false);
        peer.core.drain(false);
        peer.expects(Wire.goAway(0));
    }

    @Test
    void drainAndCloseSaysGoAwayAtOnceAndEndsWithTheLastStream() {
        peer.opens();
        peer.sends(Wire.syn(2)).accepts(2).afresh();
        peer.core.drain(true);
        peer.expects(Wire.goAway(0));
        peer.sends(Wire.syn(4)).toldNothing().expects(Wire.rst(4));
        peer.sends(Wire.rst(1)).told("reset 1 RESET_BY_PEER").expectsNothing();
        peer.stream(2).closeWrite(peer.now());
        peer.sends(Wire.fin(2)).told("fin 2", "end CLOSED_LOCALLY");
        peer.leavesNothing();
    }

    @Test
    void eachStreamHearsOfItsEndBeforeTheSessionDoes() {
        peer.sends(Wire.syn(2)).accepts(2).afresh();
        peer.core.drain(true);
        peer.sends(Wire.rst(2))
                .told("reset 2 RESET_BY_PEER", "end CLOSED_LOCALLY")
                .leavesNothing();
    }

    @Test
    void drainAndCloseWithoutStreamsClosesAtOnce() {
        peer.core.drain(true);
        peer.told("end CLOSED_LOCALLY").expects(Wire.goAway(0)).leavesNothing();
    }

    @Test
    void announcedDrainStillAcceptsWhatIsOnTheWay() {
        peer.core.announceDrain();
        peer.core.announceDrain();
        peer.expects(Wire.goAway(0)).expectsNothing().toldNothing();
        peer.sends(Wire.syn(2)).accepts(2).afresh();
        peer.core.drain(true);
        peer.expectsNothing(); // it is asked once
        peer.sends(Wire.syn(4)).toldNothing().expects(Wire.rst(4));
        peer.sends(Wire.rst(2)).told("reset 2 RESET_BY_PEER", "end CLOSED_LOCALLY");
        peer.core.announceDrain();
        peer.expects(Wire.goAway(0)).leavesNothing(); // the last frame of the session
    }

    // ---- the end

    @Test
    void closeResetsWhatIsOpenAndSaysGoAway() {
        peer.sends(Wire.syn(2)).accepts(2).afresh();
        peer.core.close();
        peer.told("reset 2 CLOSED_LOCALLY", "end CLOSED_LOCALLY").expects(Wire.rst(2), Wire.goAway(0));
        peer.core.close();
        peer.expectsNothing().toldNothing().leavesNothing();
    }

    @Test
    void closeSendsTheDataThatWasWrittenBefore() {
        peer.opens();
        peer.writes(1, "hello").core.close();
        peer.expects(Wire.syn(1), Wire.data(1, "hello"), Wire.rst(1), Wire.goAway(0));
    }

    @Test
    void connectionThatEndsWithoutStreamsWasClosedByThePeer() {
        peer.hangsUp().told("end CLOSED_BY_PEER").expectsNothing().leavesNothing();
    }

    @Test
    void connectionThatEndsWithStreamsWasLost() {
        peer.opens();
        peer.hangsUp()
                .told("reset 1 CONNECTION_LOST", "end CONNECTION_LOST")
                .expectsNothing()
                .leavesNothing();
    }

    @Test
    void firstCauseWins() {
        Cause first = new Cause(Cause.Kind.CONNECTION_LOST, "first");
        peer.core.fail(first);
        peer.core.fail(new Cause(Cause.Kind.TIMEOUT, "second"));
        peer.core.close();
        peer.hangsUp();
        assertSame(first, peer.core.ended());
        peer.told("end CONNECTION_LOST");
    }

    @Test
    void defectIsToldToThePeer() {
        peer.core.fail(new Cause(Cause.Kind.INTERNAL_ERROR, "a defect"));
        peer.expects(Wire.goAway(2));
    }

    @Test
    void afterTheEndNothingWorksAndNothingBreaks() {
        peer.opens();
        peer.writes(1, "hello").core.fail(new Cause(Cause.Kind.CONNECTION_LOST, "lost"));
        peer.afresh();
        MuxStream stream = peer.stream(1);
        assertFalse(stream.isWritable());
        assertTrue(stream.isGone());
        stream.closeWrite(peer.now());
        stream.closeRead();
        stream.close(peer.now());
        stream.reset(0);
        stream.accept();
        peer.core.ping(peer.now());
        peer.core.drain(false);
        peer.core.drain(true);
        peer.afterSeconds(1000)
                .sends(Wire.ping(1), Wire.syn(2))
                .expectsNothing()
                .toldNothing()
                .leavesNothing();
        assertEquals(OpenState.ENDED, peer.core.openState());
        assertFalse(peer.core.hasOutput());
    }

    @Test
    void writerThatWaitsForRoomIsToldOfTheEnd() {
        MuxStream stream = peer.opens();
        assertNotNull(stream.reserve(1, peer.now()));
        stream.cancel();
        assertEquals(262_144, peer.writesBytes(1, 300_000));
        peer.core.fail(new Cause(Cause.Kind.CONNECTION_LOST, "lost"));
        peer.told("reset 1 CONNECTION_LOST", "end CONNECTION_LOST").leavesNothing();
    }

    @Test
    void hasReceivedAnythingAtAll() {
        assertFalse(peer.core.hasReceived());
        peer.sends("").sends("00");
        assertTrue(peer.core.hasReceived());
    }
}
