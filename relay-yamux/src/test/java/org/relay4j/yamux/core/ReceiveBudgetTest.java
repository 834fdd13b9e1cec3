package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Readers that leave more to wait than there is memory for. */
class ReceiveBudgetTest {
    private static final int BUDGET = 300_000; // bytes

    private final ScriptedPeer peer = ScriptedPeer.client(options -> options.receiveBudget(BUDGET));

    private void open(int... ids) {
        peer.userReads(false);
        for (int id : ids) peer.sends(Wire.syn(id)).accepts(id);
        peer.afresh();
    }

    @Test
    void streamOnWhichTheMostIsWaitingIsReset() {
        open(1, 3, 5);
        peer.sends(Wire.data(3, "x".repeat(250_000)), Wire.data(1, "y".repeat(60_000)), Wire.data(5, "here"))
                .told("buffered 3", "buffered 1", "reset 3 STREAM_ERROR", "buffered 5")
                .expects(Wire.rst(3));
        assertEquals("here", peer.reads(5));
        assertEquals(60_000, peer.reads(1).length());
        assertEquals(2, peer.core.streamCount());
    }

    @Test
    void streamThatIsItselfTheLargestIsResetInTheMiddleOfAFrame() {
        open(1, 3);
        peer.sends(Wire.data(1, "y".repeat(100_000)), Wire.data(3, "x".repeat(250_000)), Wire.data(1, "go on"))
                .told("buffered 1", "reset 3 STREAM_ERROR", "buffered 1")
                .expects(Wire.rst(3));
        assertEquals(100_005, peer.reads(1).length());
    }

    @Test
    void streamThatHasEndedIsResetTooWhileItsBytesWait() {
        open(1, 3);
        peer.sends(Wire.data(Wire.FIN, 3, "x".repeat(250_000)), Wire.data(1, "y".repeat(200_000)))
                .told("buffered 3", "fin 3", "reset 3 STREAM_ERROR", "buffered 1")
                .expects(Wire.rst(3));
        assertEquals(200_000, peer.reads(1).length());
        assertEquals(0, peer.core.parts().memory().held());
    }

    @Test
    void nothingIsResetTwiceWhenItsRstFindsNoRoom() {
        open(1, 3);
        peer.sends(Wire.update(1, 10 << 20));
        while (peer.stream(1).reserve(16 * 1024, peer.now()) != null)
            peer.stream(1).commit(16 * 1024, peer.now());
        boolean room = true;
        while (room) room = peer.core.parts().queue().append(Frame.WINDOW_UPDATE, 0, 999, 0);
        peer.sends(Wire.data(Wire.FIN, 3, "x".repeat(250_000)), Wire.data(1, "y".repeat(200_000)));
        assertEquals(200_000, peer.reads(1).length());
        assertEquals(0, peer.core.parts().memory().held());
    }

    @Test
    void largestOfTheSessionIsResetWhenTheProcessHasNoMemoryLeft() {
        open(1, 3);
        peer.sends(Wire.data(1, "y".repeat(100_000)));
        peer.buffers.refuse();
        peer.afresh()
                .sends(Wire.data(3, "x"))
                .told("reset 1 STREAM_ERROR", "buffered 3")
                .expects(Wire.rst(1));
        assertEquals("x", peer.reads(3));
    }

    @Test
    void littleMayWaitThoughOthersHoldAllMemoryOfTheProcess() {
        peer.buffers.refuse();
        open(1, 3);
        peer.sends(Wire.data(1, "y".repeat(60_000)), Wire.data(3, "x"))
                .told("buffered 1", "reset 1 STREAM_ERROR", "buffered 3");
        peer.sends(Wire.data(3, "x".repeat(20_000)));
        assertEquals(20_001, peer.reads(3).length());
        assertTrue(peer.core.parts().memory().held() <= 2 * BufferSource.GUARANTEED);
    }

    /** A peer whose streams hold all the memory, and that continues to send: for each of its frames another stream must be reset. */
    @Test
    void peerWhoseManyStreamsHoldAllMemoryMayGoOn() {
        ScriptedPeer many = ScriptedPeer.client(options -> options.receiveBudget(4096 * 10_000));
        many.userReads(false);
        for (int n = 0; n < 30_000; n++)
            many.sends(Wire.data(Wire.SYN, 1 + 2 * n, "x")).forgets(1 + 2 * n);
        assertEquals(10_000, many.core.streamCount());
        assertTrue(many.core.parts().memory().held() <= 4096 * 10_001);
        many.core.close();
        many.reads();
        many.leavesNothing();
    }

    @Test
    void readerThatMakesProgressIsKeptThoughMoreWaitsForIt() {
        open(1, 3, 5);
        peer.sends(Wire.data(1, "y".repeat(190_000)), Wire.data(3, "x".repeat(60_000)));
        for (int n = 0; n < 20; n++) {
            peer.afterSeconds(1);
            peer.stream(1).peek().get();
            peer.stream(1).advance(1, peer.now());
        }
        peer.afresh().sends(Wire.data(5, "z".repeat(100_000))).told("reset 3 STREAM_ERROR", "buffered 5");
        assertEquals(190_000 - 20, peer.reads(1).length());
    }

    @Test
    void fewBytesThatAreOldDoNotOutweighMany() {
        open(1, 3, 5);
        peer.sends(Wire.data(1, "for later"));
        peer.afterSeconds(100_000).sends(Wire.update(1, 1));
        peer.sends(Wire.data(3, "x".repeat(250_000))).afterSeconds(2);
        peer.afresh().sends(Wire.data(5, "z".repeat(100_000))).told("reset 3 STREAM_ERROR", "buffered 5");
        assertEquals("for later", peer.reads(1));
    }

    @Test
    void replyThatWasGivenUpDoesNotLookComplete() {
        open(1, 3);
        peer.sends(Wire.data(Wire.FIN, 3, "x".repeat(250_000)), Wire.data(1, "y".repeat(200_000)))
                .told("buffered 3", "fin 3", "reset 3 STREAM_ERROR", "buffered 1");
        assertFalse(peer.stream(3).atEnd());
    }

    @Test
    void backlogThatHasGrownIsFound() {
        open(1, 3, 5, 7);
        peer.sends(Wire.data(3, "x".repeat(200_000)), Wire.data(1, "y".repeat(150_000)))
                .told("buffered 3", "reset 3 STREAM_ERROR", "buffered 1");
        peer.reads(1);
        peer.sends(Wire.data(1, "y".repeat(10_000)), Wire.data(5, "z".repeat(250_000)))
                .told("buffered 1", "buffered 5");
        peer.sends(Wire.data(7, "one more")).told("reset 5 STREAM_ERROR", "buffered 7");
        assertEquals("one more", peer.reads(7));
    }

    @Test
    void noSessionHoldsMoreThanItsShareAndOnePiece() {
        peer.userReads(false);
        for (int id = 1; id < 400; id += 2) {
            peer.sends(Wire.syn(id)).accepts(id);
            peer.sends(Wire.data(id, "x".repeat(1 + id * 977 % 100_000)));
            assertTrue(
                    peer.core.parts().memory().held() <= BUDGET + 64 * 1024,
                    () -> peer.core.parts().memory().held() + " bytes");
        }
        peer.core.close();
        assertEquals(0, peer.core.parts().memory().held());
    }
}
