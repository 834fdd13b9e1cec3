package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** What the user can do to a stream in each state. The core is the client: stream 1 was opened by it, stream 2 by the peer. */
class ActionInEachStateTest {
    private final ScriptedPeer peer = ScriptedPeer.server();

    private void opened() {
        peer.opens();
        peer.sends(Wire.ack(1)).afresh();
    }

    @Nested
    class CloseWrite {
        @Test
        void beforeTheSynHasLeftNeverSendsABareFin() {
            peer.opens().closeWrite(peer.now());
            peer.expects(Wire.syn(1), Wire.fin(1));
        }

        @Test
        void beforeTheAckSendsFinBehindTheData() {
            peer.opens();
            peer.writes(1, "hello").stream(1).closeWrite(peer.now());
            peer.expects(Wire.syn(1), Wire.data(1, "hello"), Wire.fin(1));
        }

        @Test
        void beforeAcceptSendsFin() {
            peer.sends(Wire.syn(2)).stream(2).closeWrite(peer.now());
            peer.expects(Wire.fin(2));
        }

        @Test
        void sendsFinOnce() {
            opened();
            peer.stream(1).closeWrite(peer.now());
            peer.stream(1).closeWrite(peer.now());
            peer.expects(Wire.fin(1));
            peer.stream(1).closeWrite(peer.now());
            peer.expectsNothing().toldNothing();
            assertEquals(1, peer.core.streamCount());
            assertFalse(peer.stream(1).isWritable());
        }

        @Test
        void afterTheFinOfThePeerClosesTheStream() {
            opened();
            peer.sends(Wire.fin(1)).stream(1).closeWrite(peer.now());
            peer.told("fin 1").expects(Wire.fin(1)).leavesNothing();
        }

        @Test
        void afterTheEndDoesNothing() {
            opened();
            peer.sends(Wire.rst(1)).afresh();
            peer.stream(1).closeWrite(peer.now());
            peer.expectsNothing();
        }
    }

    @Nested
    class Reset {
        @Test
        void beforeTheSynHasLeftNeverSendsABareRst() {
            peer.opens().reset(0);
            peer.expects(Wire.syn(1), Wire.rst(1)).leavesNothing();
        }

        @Test
        void beforeTheAckSendsRstAndFreesThePlace() {
            ScriptedPeer narrow = ScriptedPeer.server(options -> options.maxUnacknowledged(1));
            narrow.opens();
            assertEquals(OpenState.WAIT, narrow.core.openState());
            narrow.core.awaitOpenable();
            narrow.stream(1).reset(0);
            narrow.told("openable").expects(Wire.syn(1), Wire.rst(1)).leavesNothing();
        }

        @Test
        void beforeAcceptSendsRst() {
            peer.sends(Wire.syn(2)).stream(2).reset(0);
            peer.told("stream 2").expects(Wire.rst(2)).leavesNothing();
        }

        @Test
        void sendsRstOnceAndDoesNotTellWhoAskedForIt() {
            opened();
            peer.stream(1).reset(5);
            peer.stream(1).reset(6);
            peer.expects(Wire.update(Wire.RST, 1, 5)).toldNothing().leavesNothing();
        }

        @Test
        void afterOurFinSendsRst() {
            opened();
            peer.stream(1).closeWrite(peer.now());
            peer.stream(1).reset(0);
            peer.expects(Wire.fin(1), Wire.rst(1)).leavesNothing();
        }

        @Test
        void afterTheFinOfThePeerSendsRst() {
            opened();
            peer.sends(Wire.fin(1)).afresh();
            peer.stream(1).reset(0);
            peer.expects(Wire.rst(1)).leavesNothing();
        }

        @Test
        void returnsWhatWasNotRead() {
            opened();
            peer.userReads(false).sends(Wire.data(1, "unread")).stream(1).reset(0);
            assertEquals(0, peer.stream(1).available());
            peer.expects(Wire.rst(1)).leavesNothing();
        }

        @Test
        void afterTheEndDoesNothing() {
            opened();
            peer.stream(1).closeWrite(peer.now());
            peer.sends(Wire.fin(1)).afresh();
            peer.stream(1).reset(0);
            peer.expectsNothing().leavesNothing();
        }

        @Test
        void betweenTheHeaderAndTheBodyOfAFrameThrowsTheBodyAway() {
            opened();
            peer.sends(Wire.header(0, 0, 0, 1, 6), Wire.text("abc")).told("data 1 abc");
            peer.stream(1).reset(0);
            peer.sends(Wire.text("def"), Wire.ping(1)).toldNothing().expects(Wire.pong(1), Wire.rst(1));
            peer.leavesNothing();
        }
    }

    @Nested
    class Read {
        @Test
        void findsTheEndOnlyBehindFinAndTheLastByte() {
            opened();
            peer.userReads(false);
            assertNull(peer.stream(1).peek());
            assertFalse(peer.stream(1).atEnd());
            peer.sends(Wire.data(1, "abc"));
            assertFalse(peer.stream(1).atEnd());
            peer.sends(Wire.fin(1));
            assertFalse(peer.stream(1).atEnd());
            assertEquals("abc", peer.reads(1));
            assertTrue(peer.stream(1).atEnd());
        }

        @Test
        void neverFindsTheEndAfterAReset() {
            opened();
            peer.userReads(false).sends(Wire.data(1, "abc"), Wire.rst(1));
            assertNull(peer.stream(1).peek());
            assertFalse(peer.stream(1).atEnd());
        }

        @Test
        void neverFindsTheEndAfterTheSessionWasLost() {
            opened();
            peer.userReads(false).sends(Wire.data(1, "abc")).hangsUp();
            peer.told("buffered 1", "reset 1 CONNECTION_LOST", "end CONNECTION_LOST");
            assertNull(peer.stream(1).peek());
            assertFalse(peer.stream(1).atEnd());
            peer.leavesNothing();
        }

        @Test
        void findsACompleteReplyAfterTheSessionWasLost() {
            opened();
            peer.userReads(false).sends(Wire.data(1, "abc"), Wire.fin(1)).hangsUp();
            peer.told("buffered 1", "fin 1", "reset 1 CONNECTION_LOST", "end CONNECTION_LOST");
            assertEquals("abc", peer.reads(1));
            assertTrue(peer.stream(1).atEnd());
            peer.leavesNothing();
        }
    }

    @Nested
    class Close {
        @Test
        void sendsFinAndThrowsAwayWhatStillArrivesWithoutNewCredit() {
            opened();
            peer.stream(1).close(peer.now());
            peer.expects(Wire.fin(1));
            peer.sends(Wire.data(1, "x".repeat(262_144))).toldNothing().expectsNothing();
            peer.sends(Wire.fin(1)).told("fin 1").leavesNothing();
        }

        @Test
        void returnsWhatWasNotRead() {
            opened();
            peer.userReads(false).sends(Wire.data(1, "x".repeat(200_000))).stream(1)
                    .close(peer.now());
            assertEquals(0, peer.buffers.inUse() - 1, "only the output holds memory");
            peer.expects(Wire.fin(1));
        }

        @Test
        void afterTheFinOfThePeerIsTheEnd() {
            opened();
            peer.sends(Wire.fin(1)).stream(1).close(peer.now());
            peer.expects(Wire.fin(1)).leavesNothing();
        }

        @Test
        void afterTheEndReturnsWhatWasNotRead() {
            opened();
            peer.userReads(false).sends(Wire.data(1, "abc"), Wire.fin(1), Wire.rst(1)).stream(1)
                    .close(peer.now());
            peer.expectsNothing().leavesNothing();
        }
    }

    @Nested
    class CloseRead {
        @Test
        void throwsAwayWhatArrivesAndReturnsItsCredit() {
            opened();
            peer.stream(1).closeRead();
            peer.expectsNothing();
            peer.sends(Wire.data(1, "x".repeat(131_072))).toldNothing().expects(Wire.update(1, 131_072));
            peer.writes(1, "still writing").expects(Wire.data(1, "still writing"));
        }

        @Test
        void returnsTheCreditOfWhatWasNotRead() {
            opened();
            peer.userReads(false).sends(Wire.data(1, "x".repeat(200_000))).stream(1)
                    .closeRead();
            peer.stream(1).closeRead();
            peer.expects(Wire.update(1, 200_000));
        }

        @Test
        void withinDataCountsTheWholePieceAsConsumed() {
            opened();
            peer.userReads(false).userOnData(() -> peer.stream(1).closeRead());
            peer.sends(Wire.data(1, "x".repeat(140_000))).expects(Wire.update(1, 140_000));
            assertEquals(262_144, peer.stream(1).receiveWindow());
        }

        @Test
        void resetWithinDataThrowsTheRestAway() {
            opened();
            peer.userReads(false).userOnData(() -> peer.stream(1).reset(0));
            peer.sends(Wire.data(1, "abc"), Wire.data(1, "def"))
                    .toldNothing()
                    .expects(Wire.rst(1))
                    .leavesNothing();
        }
    }
}
