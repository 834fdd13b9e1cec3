package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/**
 * What each frame does to a stream in each state. The core is the client: stream 1 was opened by it, stream 2 by the peer.
 * Whatever arrives, the session stays up, except after a second SYN.
 */
class InputInEachStateTest {
    private final ScriptedPeer peer = ScriptedPeer.server();

    @AfterEach
    void everythingIsReturned() {
        peer.core.fail(new Cause(Cause.Kind.CONNECTION_LOST, "end of the test"));
        for (int id = 1; id <= 3; id++) {
            if (peer.knows(id)) peer.stream(id).closeRead();
        }
        peer.leavesNothing();
    }

    // ---- how a stream gets into each state

    private void synSent() {
        peer.opens();
        peer.afresh();
    }

    private void synReceived() {
        peer.sends(Wire.syn(2)).afresh();
    }

    private void opened() {
        synSent();
        peer.sends(Wire.ack(1)).afresh();
    }

    private void accepted() {
        peer.sends(Wire.syn(2)).accepts(2).afresh();
    }

    private void localClose() {
        opened();
        peer.stream(1).closeWrite(peer.now());
        peer.afresh();
    }

    private void remoteClose() {
        opened();
        peer.sends(Wire.fin(1)).afresh();
    }

    private void closed() {
        localClose();
        peer.sends(Wire.fin(1)).afresh();
        assertEquals(0, peer.core.streamCount());
    }

    private void reset() {
        opened();
        peer.stream(1).reset(0);
        peer.afresh();
        assertEquals(0, peer.core.streamCount());
    }

    private void sessionStaysUp() {
        assertNull(peer.core.ended());
        peer.sends(Wire.ping(77)).expects(Wire.pong(77));
    }

    @Nested
    class Ack {
        @Test
        void isIgnoredBeforeTheSynHasLeft() {
            peer.opens();
            peer.sends(Wire.ack(1)).toldNothing().expects(Wire.syn(1));
            sessionStaysUp();
        }

        @Test
        void answersToASyn() {
            ScriptedPeer narrow = ScriptedPeer.server(options -> options.maxUnacknowledged(1));
            narrow.opens();
            assertEquals(OpenState.WAIT, narrow.core.openState());
            narrow.core.awaitOpenable();
            narrow.sends(Wire.ack(1)).told("openable");
            assertEquals(OpenState.READY, narrow.core.openState());
        }

        @Test
        void forAStreamOfThePeerIsIgnored() {
            ScriptedPeer narrow = ScriptedPeer.server(options -> options.maxUnacknowledged(1));
            narrow.opens();
            narrow.sends(Wire.syn(2), Wire.ack(2)).told("stream 2");
            assertEquals(OpenState.WAIT, narrow.core.openState(), "the answer of another stream was stolen");
        }

        @Test
        void secondOneAnswersForNoOtherStream() {
            ScriptedPeer narrow = ScriptedPeer.server(options -> options.maxUnacknowledged(2));
            narrow.opens();
            narrow.opens();
            narrow.sends(Wire.ack(1), Wire.ack(1), Wire.ack(1));
            narrow.opens();
            assertEquals(OpenState.WAIT, narrow.core.openState());
            narrow.core.awaitOpenable();
        }

        @Test
        void afterOurFinAnswersAndLeavesTheStateAlone() {
            synSent();
            peer.stream(1).closeWrite(peer.now());
            peer.sends(Wire.ack(1)).told().expects(Wire.fin(1));
            assertEquals(1, peer.core.streamCount());
            peer.sends(Wire.data(1, "reply")).told("data 1 reply");
        }

        @Test
        void afterTheFinOfThePeerIsIgnored() {
            remoteClose();
            peer.sends(Wire.ack(1)).toldNothing().expectsNothing();
            peer.writes(1, "still open").expects(Wire.data(1, "still open"));
        }

        @Test
        void carriesCredit() {
            synSent();
            peer.sends(Wire.update(Wire.ACK, 1, 1000));
            assertEquals(262_144 + 1000, peer.stream(1).sendWindow());
        }

        @Test
        void forAForgottenStreamIsIgnored() {
            closed();
            peer.sends(Wire.ack(1)).toldNothing().expectsNothing();
            sessionStaysUp();
        }
    }

    @Nested
    class Data {
        @Test
        void beforeTheAckIsData() {
            synSent();
            peer.sends(Wire.data(1, "early")).told("data 1 early");
        }

        @Test
        void beforeAcceptIsBufferedUpToAWholeWindow() {
            synReceived();
            peer.userReads(false).sends(Wire.data(2, "x".repeat(262_144))).told("buffered 2");
            assertEquals(262_144, peer.stream(2).available());
            assertEquals(0, peer.stream(2).receiveWindow());
            peer.expectsNothing();
        }

        @Test
        void isDelivered() {
            accepted();
            peer.sends(Wire.data(2, "one"), Wire.data(2, "two")).told("data 2 one", "data 2 two");
        }

        @Test
        void afterOurFinIsReadAndReturnsCredit() {
            localClose();
            peer.sends(Wire.data(1, "x".repeat(131_072)))
                    .told("data 1 131072 bytes")
                    .expects(Wire.update(1, 131_072));
        }

        @Test
        void afterTheFinOfThePeerResetsThatStreamAlone() {
            remoteClose();
            peer.opens();
            peer.afresh();
            peer.sends(Wire.data(1, "too late")).told("reset 1 STREAM_ERROR").expects(Wire.rst(1));
            peer.sends(Wire.data(3, "other")).told("data 3 other");
            sessionStaysUp();
        }

        @Test
        void afterBothFinsIsDrainedInSilence() {
            closed();
            peer.sends(Wire.data(1, "not open")).toldNothing().expectsNothing();
            assertEquals(1, peer.core.ignoredFrames());
            sessionStaysUp();
        }

        @Test
        void afterResetIsDrainedInSilence() {
            reset();
            peer.sends(Wire.data(1, "x".repeat(300_000))).toldNothing().expectsNothing();
            sessionStaysUp();
        }
    }

    @Nested
    class WindowUpdate {
        @Test
        void isCreditInEveryStateThatCanWrite() {
            synSent();
            peer.sends(Wire.update(1, 10));
            assertEquals(262_154, peer.stream(1).sendWindow());
            synReceived();
            peer.sends(Wire.update(2, 10));
            assertEquals(262_154, peer.stream(2).sendWindow());
            peer.accepts(2).sends(Wire.update(2, 10));
            assertEquals(262_164, peer.stream(2).sendWindow());
        }

        @Test
        void afterOurFinIsHarmless() {
            localClose();
            peer.sends(Wire.update(1, 10)).toldNothing().expectsNothing();
            sessionStaysUp();
        }

        @Test
        void afterTheFinOfThePeerLetsWritesGoOn() {
            remoteClose();
            assertEquals(262_144, peer.writesBytes(1, 300_000));
            peer.reads();
            peer.sends(Wire.update(1, 10)).told("writable 1");
            assertEquals(10, peer.writesBytes(1, 300_000));
        }

        @Test
        void forAForgottenStreamIsIgnoredInSilence() {
            closed();
            peer.sends(Wire.update(1, 10)).toldNothing().expectsNothing();
            sessionStaysUp();
        }
    }

    @Nested
    class Fin {
        @Test
        void beforeTheSynHasLeftClosesThatDirection() {
            peer.opens();
            peer.sends(Wire.fin(1)).told("fin 1").expects(Wire.syn(1));
            sessionStaysUp();
        }

        @Test
        void beforeTheAckAnswersAndClosesThatDirection() {
            ScriptedPeer narrow = ScriptedPeer.server(options -> options.maxUnacknowledged(1));
            narrow.opens();
            narrow.core.awaitOpenable();
            narrow.sends(Wire.fin(1)).told("openable", "fin 1");
        }

        @Test
        void beforeAcceptIsKeptAndTheStreamIsAcknowledgedAllTheSame() {
            synReceived();
            peer.sends(Wire.fin(2)).told("fin 2").accepts(2).expects(Wire.ack(2));
            peer.writes(2, "reply").expects(Wire.data(2, "reply"));
        }

        @Test
        void closesThatDirection() {
            accepted();
            peer.sends(Wire.data(2, "last"), Wire.fin(2))
                    .told("data 2 last", "fin 2")
                    .expectsNothing();
            assertEquals(1, peer.core.streamCount());
        }

        @Test
        void afterOurFinClosesTheStream() {
            localClose();
            peer.sends(Wire.fin(1)).told("fin 1").expectsNothing();
            assertEquals(0, peer.core.streamCount());
        }

        @Test
        void secondOneIsIgnored() {
            remoteClose();
            peer.sends(Wire.fin(1), Wire.data(Wire.FIN, 1, "")).toldNothing().expectsNothing();
            assertEquals(1, peer.core.streamCount());
            sessionStaysUp();
        }

        @Test
        void forAForgottenStreamIsIgnored() {
            closed();
            peer.sends(Wire.fin(1)).toldNothing().expectsNothing();
            sessionStaysUp();
        }
    }
}
