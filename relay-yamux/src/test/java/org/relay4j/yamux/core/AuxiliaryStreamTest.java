package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** A stream that is marked as auxiliary does not keep a session open, and its end is no loss. */
class AuxiliaryStreamTest {
    private final ScriptedPeer peer = ScriptedPeer.server();

    @Test
    void peerThatEndsWhileOnlyAuxiliaryStreamsAreOpenEndsGracefully() {
        open();
        peer.stream(1).auxiliary();
        peer.hangsUp();
        assertEquals(Cause.Kind.CLOSED_BY_PEER, ended());
    }

    @Test
    void itIsALossWhileAnotherStreamIsOpen() {
        open();
        peer.stream(1).auxiliary();
        peer.opens();
        peer.hangsUp();
        assertEquals(Cause.Kind.CONNECTION_LOST, ended());
    }

    @Test
    void markingTwiceCountsOnce() {
        open();
        peer.stream(1).auxiliary();
        peer.stream(1).auxiliary();
        peer.opens();
        peer.hangsUp();
        assertEquals(Cause.Kind.CONNECTION_LOST, ended());
    }

    @Test
    void streamThatHasEndedCountsNoLonger() {
        open();
        MuxStream first = peer.stream(1);
        first.auxiliary();
        first.reset(0);
        first.auxiliary();
        peer.opens();
        peer.hangsUp();
        assertEquals(Cause.Kind.CONNECTION_LOST, ended());
    }

    @Test
    void drainingSessionDoesNotWaitForIt() {
        open();
        peer.opens();
        peer.stream(1).auxiliary();
        peer.core.drain(true);
        peer.sends(Wire.update(Wire.RST, 3, 0));
        assertEquals(Cause.Kind.CLOSED_LOCALLY, ended());
    }

    private void open() {
        peer.opens();
        peer.sends(Wire.ack(1)).afresh();
    }

    private Cause.Kind ended() {
        Cause cause = peer.core.ended();
        if (cause == null) throw new AssertionError("the session has not ended");
        return cause.kind();
    }
}
