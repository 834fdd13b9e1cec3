package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.api.Test;

/** A session that refuses further streams of its peer, and says which it has seen. */
class AcceptNoMoreTest {
    private final ScriptedPeer peer = ScriptedPeer.client();

    @Test
    void nothingWasSeen() {
        assertEquals(0, peer.core.acceptNoMore());
    }

    @Test
    void furtherStreamsAreRefusedAndOpenOnesContinue() {
        peer.sends(Wire.syn(1), Wire.syn(5), Wire.syn(3)).told("stream 1", "stream 5", "stream 3");
        assertEquals(5, peer.core.acceptNoMore());
        peer.expectsNothing();
        peer.sends(Wire.syn(7), Wire.data(7, "seven")).toldNothing();
        peer.expects(Wire.rst(7));
        peer.sends(Wire.data(1, "one")).told("data 1 one");
        assertEquals(5, peer.core.acceptNoMore(), "a refused one does not count");
        assertNull(peer.core.ended());
    }

    @Test
    void streamsThatHaveEndedWereSeen() {
        peer.sends(Wire.syn(1), Wire.rst(1)).told("stream 1", "reset 1 RESET_BY_PEER");
        assertEquals(1, peer.core.acceptNoMore());
    }

    @Test
    void idsAreUnsigned() {
        peer.sends(Wire.syn(1), Wire.syn(0xffff_ffffL));
        assertEquals(-1, peer.core.acceptNoMore());
    }

    @Test
    void thisEndMayStillOpenStreams() {
        peer.core.acceptNoMore();
        peer.opens();
        peer.expects(Wire.syn(2));
    }
}
