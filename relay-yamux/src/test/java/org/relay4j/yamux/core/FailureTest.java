package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A session without memory for what it sends, and handlers that throw: each costs as little as possible. */
class FailureTest {
    private final ScriptedPeer peer = ScriptedPeer.server(options -> options.writeStallTimeout(30));

    // ---- no memory for output

    @Test
    void streamIsNotOpenedWithoutMemoryAndTheNextTickTriesAgain() {
        peer.buffers.starve(true);
        assertEquals(OpenState.READY, peer.core.openState());
        assertNull(peer.core.open(new Throwing("nothing"), peer.now()));
        assertEquals(0, peer.core.streamCount());
        assertEquals(OpenState.WAIT, peer.core.openState());
        peer.core.awaitOpenable();
        peer.afterSeconds(1).told("openable");
        assertNull(peer.core.open(new Throwing("nothing"), peer.now()));
        peer.buffers.starve(false);
        peer.core.awaitOpenable();
        peer.afterSeconds(1).told("openable");
        assertEquals(1, peer.opens().id());
        peer.expects(Wire.syn(1));
    }

    @Test
    void dataWaitsForMemory() {
        peer.opens();
        peer.sends(Wire.ack(1)).afresh();
        peer.buffers.starve(true);
        assertNull(peer.stream(1).reserve(10, peer.now()));
        peer.afterSeconds(1).told("writable 1");
        assertNull(peer.stream(1).reserve(10, peer.now()));
        peer.buffers.starve(false);
        peer.afterSeconds(1).told("writable 1");
        peer.writes(1, "hello").expects(Wire.data(1, "hello"));
    }

    @Test
    void controlFramesWaitForMemory() {
        peer.sends(Wire.syn(2), Wire.syn(4), Wire.syn(6));
        peer.buffers.starve(true);
        peer.accepts(2).sends(Wire.ping(7));
        peer.stream(4).closeWrite(peer.now());
        peer.stream(6).reset(3);
        peer.expectsNothing();
        assertTrue(peer.core.hasOutput());
        peer.buffers.starve(false);
        peer.afterSeconds(1).expects(Wire.pong(7), Wire.ack(2), Wire.fin(4), Wire.update(Wire.RST, 6, 3));
        assertEquals(2, peer.core.streamCount());
    }

    @Test
    void manyAnswersWithoutMemoryAreLostAndNotBlamedOnThePeer() {
        peer.buffers.starve(true);
        peer.userRefuses(true);
        for (int n = 0; n < 1_000; n++) peer.sends(Wire.ping(n), Wire.syn(2 + 2 * n));
        assertNull(peer.core.ended());
        peer.buffers.starve(false);
        peer.afterSeconds(1);
        assertEquals((SendQueue.MAX_PONGS + SendQueue.MAX_REFUSALS) * 12, peer.reads().length);
    }

    @Test
    void sessionThatGetsNoMemoryForLongFails() {
        peer.sends(Wire.syn(2)).afresh();
        peer.buffers.starve(true);
        peer.accepts(2).afterSeconds(1).afterSeconds(29).toldNothing();
        peer.afterSeconds(1).told("reset 2 TIMEOUT", "end TIMEOUT").leavesNothing();
    }

    @ParameterizedTest
    @EnumSource(names = {"PROTOCOL_ERROR", "INTERNAL_ERROR", "CLOSED_LOCALLY"})
    void sessionEndsWithoutItsLastFramesWhenThereIsNoMemoryForThem(Cause.Kind kind) {
        peer.opens();
        peer.opens();
        peer.sends(Wire.ack(1)).afresh();
        peer.buffers.starve(true);
        if (kind == Cause.Kind.CLOSED_LOCALLY) peer.core.close();
        else peer.core.fail(new Cause(kind, "as if"));
        peer.told("reset 1 " + kind, "reset 3 " + kind, "end " + kind);
        assertEquals(false, peer.core.hasOutput());
        peer.leavesNothing();
    }

    // ---- handlers that throw

    @ParameterizedTest
    @EnumSource
    void handlerThatThrowsCostsItsOwnStream(Call call) {
        List<Throwable> logged = new ArrayList<>();
        peer.core.defects(logged::add);
        Throwing handler = new Throwing(call.name());
        MuxStream broken = peer.core.open(handler, peer.now());
        peer.opens();
        peer.sends(Wire.ack(1), Wire.ack(3), Wire.update(1, 10 << 20)).afresh();
        call.provoke(peer, broken);
        assertEquals(1, logged.size(), logged::toString);
        assertTrue(broken.isGone());
        assertNull(peer.core.ended());
        peer.afresh().sends(Wire.data(3, "hello")).told("data 3 hello");
        assertEquals(1, peer.core.streamCount());
        if (call != Call.onReset) assertNotNull(handler.reset, "it is still notified of the reset");
        peer.core.close();
        peer.reads();
        peer.leavesNothing();
    }

    @Test
    void handlersThatThrowDoNotKeepTheSessionFromItsEnd() {
        List<Throwable> logged = new ArrayList<>();
        peer.core.defects(logged::add);
        peer.core.open(new Throwing("onReset"), peer.now());
        peer.core.open(new Throwing("onGone"), peer.now());
        peer.opens();
        peer.sends(Wire.ack(1)).afresh();
        peer.core.close();
        peer.told("reset 5 CLOSED_LOCALLY", "end CLOSED_LOCALLY");
        assertEquals(2, logged.size());
        peer.reads();
        peer.leavesNothing();
    }

    @Test
    void streamWhoseAcceptorThrowsIsRefused() {
        List<Throwable> logged = new ArrayList<>();
        peer.core.defects(logged::add);
        peer.userThrows(true);
        peer.sends(Wire.syn(2)).expects(Wire.rst(2));
        assertEquals(1, logged.size());
        peer.userThrows(false);
        peer.sends(Wire.syn(4)).told("stream 4");
        assertEquals(1, peer.core.streamCount());
    }

    @Test
    void sourceThatThrowsDoesNotKeepTheSessionFromItsEnd() {
        peer.opens();
        peer.sends(Wire.ack(1)).afresh();
        peer.buffers.throwing(true);
        assertThrows(OutOfMemoryError.class, () -> peer.core.fail(new Cause(Cause.Kind.PROTOCOL_ERROR, "as if")));
        peer.told("reset 1 PROTOCOL_ERROR", "end PROTOCOL_ERROR");
        peer.leavesNothing();
    }

    /** The methods of a handler, and what makes the core call each. */
    enum Call {
        onData {
            @Override
            void provoke(ScriptedPeer peer, MuxStream stream) {
                peer.sends(Wire.data(1, "hello"));
            }
        },
        onBuffered {
            @Override
            void provoke(ScriptedPeer peer, MuxStream stream) {
                peer.sends(Wire.data(1, "hello"));
            }
        },
        onFin {
            @Override
            void provoke(ScriptedPeer peer, MuxStream stream) {
                peer.sends(Wire.fin(1));
            }
        },
        onWritable {
            @Override
            void provoke(ScriptedPeer peer, MuxStream stream) {
                for (java.nio.ByteBuffer room; (room = stream.reserve(1 << 18, peer.now())) != null; )
                    stream.commit(room.remaining(), peer.now());
                peer.reads();
            }
        },
        onReset {
            @Override
            void provoke(ScriptedPeer peer, MuxStream stream) {
                peer.sends(Wire.rst(1));
            }
        },
        onGone {
            @Override
            void provoke(ScriptedPeer peer, MuxStream stream) {
                peer.sends(Wire.rst(1));
            }
        };

        abstract void provoke(ScriptedPeer peer, MuxStream stream);
    }
}
