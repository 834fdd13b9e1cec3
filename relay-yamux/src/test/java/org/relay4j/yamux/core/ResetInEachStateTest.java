package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** RST and SYN in each state. The core is the client: stream 1 was opened by it, stream 2 by the peer. */
class ResetInEachStateTest {
    private final ScriptedPeer peer = ScriptedPeer.server();

    @Nested
    class Rst {
        @Test
        void beforeTheAckEndsTheStreamAndAnswersIt() {
            ScriptedPeer narrow = ScriptedPeer.server(options -> options.maxUnacknowledged(1));
            narrow.opens();
            narrow.core.awaitOpenable();
            narrow.sends(Wire.rst(1)).told("openable", "reset 1 RESET_BY_PEER");
            assertEquals(0, narrow.core.streamCount());
        }

        @Test
        void beforeAcceptTellsWhoeverWaitsToAcceptIt() {
            peer.sends(Wire.syn(2), Wire.rst(2)).told("stream 2", "reset 2 RESET_BY_PEER");
            peer.accepts(2).expectsNothing();
            peer.leavesNothing();
        }

        @Test
        void dropsWhatWasNotRead() {
            peer.userReads(false).sends(Wire.syn(2), Wire.data(2, "torso"), Wire.rst(2));
            peer.told("stream 2", "buffered 2", "reset 2 RESET_BY_PEER");
            assertEquals(0, peer.stream(2).available());
            assertFalse(peer.stream(2).atEnd(), "a reset must never look like the end");
            peer.leavesNothing();
        }

        @Test
        void afterOurFinEndsTheStream() {
            peer.opens();
            peer.stream(1).closeWrite(peer.now());
            peer.afresh();
            peer.sends(Wire.rst(1)).told("reset 1 RESET_BY_PEER").expectsNothing();
            assertFalse(peer.stream(1).atEnd(), "a reset must never look like the end");
            peer.leavesNothing();
        }

        @Test
        void afterTheFinOfThePeerKeepsWhatCameBeforeTheFin() {
            peer.userReads(false).sends(Wire.syn(2), Wire.data(2, "reply"), Wire.fin(2), Wire.rst(2));
            peer.told("stream 2", "buffered 2", "fin 2", "reset 2 RESET_BY_PEER");
            assertFalse(peer.stream(2).isWritable());
            assertFalse(peer.stream(2).atEnd());
            assertEquals("reply", peer.reads(2));
            assertTrue(peer.stream(2).atEnd());
            peer.expectsNothing().leavesNothing();
        }

        @Test
        void forAForgottenStreamIsIgnored() {
            peer.opens();
            peer.stream(1).reset(0);
            peer.afresh();
            peer.sends(Wire.rst(1)).toldNothing().expectsNothing();
            assertEquals(1, peer.core.ignoredFrames());
        }
    }

    @Nested
    class Syn {
        @Test
        void forAStreamThatWaitsToBeAcceptedEndsTheSession() {
            peer.sends(Wire.syn(2)).afresh();
            secondSynEndsTheSession();
        }

        @Test
        void forAnAcceptedStreamEndsTheSession() {
            peer.sends(Wire.syn(2)).accepts(2).afresh();
            secondSynEndsTheSession();
        }

        @Test
        void forAStreamThatWeClosedEndsTheSession() {
            peer.sends(Wire.syn(2)).accepts(2).stream(2).closeWrite(peer.now());
            peer.afresh();
            secondSynEndsTheSession();
        }

        @Test
        void forAStreamThatThePeerClosedEndsTheSession() {
            peer.sends(Wire.syn(2), Wire.fin(2)).accepts(2).afresh();
            secondSynEndsTheSession();
        }

        @Test
        void forAStreamThatWeOpenedEndsTheSession() {
            peer.opens();
            peer.afresh();
            peer.sends(Wire.syn(1))
                    .told("reset 1 PROTOCOL_ERROR", "end PROTOCOL_ERROR")
                    .expects(Wire.goAway(1));
        }

        @Test
        void reopensAnIdThatBothClosed() {
            peer.sends(Wire.syn(2), Wire.fin(2)).accepts(2).stream(2).closeWrite(peer.now());
            peer.afresh();
            peer.sends(Wire.syn(2), Wire.data(2, "again")).told("stream 2", "data 2 again");
        }

        @Test
        void reopensAnIdThatWasReset() {
            peer.sends(Wire.syn(2), Wire.rst(2)).afresh();
            peer.sends(Wire.syn(2), Wire.data(2, "again")).told("stream 2", "data 2 again");
        }

        private void secondSynEndsTheSession() {
            peer.sends(Wire.syn(2))
                    .told("reset 2 PROTOCOL_ERROR", "end PROTOCOL_ERROR")
                    .expects(Wire.goAway(1));
            Cause cause = peer.core.ended();
            assertNotNull(cause);
            assertEquals("the peer violated the yamux protocol: stream 2 was opened twice", cause.message());
            peer.leavesNothing();
        }
    }
}
