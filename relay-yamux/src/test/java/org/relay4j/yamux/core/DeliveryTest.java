package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Bytes that wait to be read when their stream has ended: they count, can be reclaimed, and have a deadline. */
class DeliveryTest {
    private static final int BUDGET = 300_000; // bytes

    private final ScriptedPeer peer = ScriptedPeer.server(
            options -> options.keepAlive(0, 0).receiveBudget(BUDGET).deliveryTimeout(60));

    /** A stream whose both ends have sent FIN, and of which so many bytes wait. */
    private int ended(int waiting) {
        peer.userReads(false);
        int id = peer.opens().id();
        peer.sends(Wire.ack(id), Wire.data(Wire.FIN, id, "x".repeat(waiting)));
        peer.stream(id).closeWrite(peer.now());
        peer.afresh();
        return id;
    }

    @Test
    void endedStreamThatNobodyReadsIsDroppedInTime() {
        int id = ended(200_000);
        assertEquals(0, peer.core.streamCount());
        peer.afterSeconds(59.9).toldNothing();
        peer.afterSeconds(0.1).told("reset " + id + " IDLE_TIMEOUT").expectsNothing();
        assertEquals(0, peer.stream(id).available());
        assertFalse(peer.stream(id).atEnd(), "a part of a reply must not look like all of it");
        peer.leavesNothing();
    }

    @Test
    void endedStreamThatIsReadSlowlyIsKept() {
        int id = ended(1_000);
        for (int n = 0; n < 100; n++) {
            peer.afterSeconds(59).toldNothing();
            peer.stream(id).peek().get();
            peer.stream(id).advance(1, peer.now());
        }
        assertEquals(900, peer.reads(id).length());
        assertTrue(peer.stream(id).atEnd());
        peer.reads();
        peer.leavesNothing();
    }

    @Test
    void streamThatIsStillOpenMayBeReadWhenever() {
        peer.userReads(false);
        peer.opens();
        peer.sends(Wire.ack(1), Wire.data(1, "for later")).afresh();
        peer.afterSeconds(3600).toldNothing();
        assertEquals("for later", peer.reads(1));
    }

    @Test
    void endedStreamGivesWayWhenMemoryIsNeeded() {
        int id = ended(250_000);
        int other = peer.opens().id();
        peer.sends(Wire.ack(other)).afresh();
        peer.sends(Wire.data(other, "y".repeat(200_000)))
                .told("reset " + id + " STREAM_ERROR", "buffered " + other)
                .expectsNothing();
        assertFalse(peer.stream(id).atEnd());
        assertEquals(200_000, peer.reads(other).length());
    }

    @Test
    void streamThatWasResetBehindItsFinGivesWayToo() {
        peer.userReads(false);
        int id = peer.opens().id();
        peer.sends(Wire.ack(id), Wire.data(Wire.FIN, id, "x".repeat(250_000)), Wire.rst(id));
        int other = peer.opens().id();
        peer.sends(Wire.ack(other)).afresh();
        peer.sends(Wire.data(other, "y".repeat(200_000))).told("reset " + id + " STREAM_ERROR", "buffered " + other);
    }

    @Test
    void endOfTheSessionIsToldToEndedStreamsWhoseBytesWait() {
        int id = ended(1_000);
        int read = ended(1_000);
        peer.reads(read);
        peer.core.close();
        peer.told("reset " + id + " CLOSED_LOCALLY", "end CLOSED_LOCALLY");
        assertEquals(1_000, peer.reads(id).length(), "which its user may still read");
        assertTrue(peer.stream(id).atEnd());
        peer.reads();
        peer.leavesNothing();
    }

    @Test
    void memoryIsReclaimedAfterTheEndOfTheSession() {
        int id = ended(1_000);
        peer.core.close();
        peer.reads();
        peer.afresh().afterSeconds(59.9).toldNothing();
        assertTrue(peer.core.holdsReceived());
        peer.afterSeconds(0.1).told("reset " + id + " IDLE_TIMEOUT");
        assertFalse(peer.core.holdsReceived());
        peer.leavesNothing();
    }

    /** The peer drains the session and closes: everything that it sent is here, and some readers are slow. */
    @Test
    void orderlyEndLetsSlowReadersReadToTheEnd() {
        int id = ended(1_000);
        peer.sends(Wire.goAway(0)).hangsUp().told("goAway", "end CLOSED_BY_PEER");
        assertEquals(1_000, peer.reads(id).length());
        assertTrue(peer.stream(id).atEnd());
        peer.leavesNothing();
    }

    @Test
    void drainWaitsForTheReadersOfEndedStreams() {
        int id = ended(1_000);
        peer.core.drain(true);
        peer.afterSeconds(59).toldNothing().expectsNothing();
        peer.reads(id);
        peer.told("end CLOSED_LOCALLY").expects(Wire.goAway(0)).leavesNothing();
    }

    @Test
    void drainWaitsForTheReadersOfEndedStreamsNoLongerThanTheirTime() {
        int id = ended(1_000);
        peer.core.drain(true);
        peer.afterSeconds(60)
                .told("reset " + id + " IDLE_TIMEOUT", "end CLOSED_LOCALLY")
                .expects(Wire.goAway(0))
                .leavesNothing();
    }

    @Test
    void drainGoesOnWhenTheReaderOfAnEndedStreamGivesUp() {
        int id = ended(1_000);
        peer.core.drain(false);
        peer.expectsNothing();
        peer.stream(id).closeRead();
        peer.expects(Wire.goAway(0));
        assertNull(peer.core.ended());
    }

    // ---- with timeouts turned off

    @Test
    void streamThatWasClosedHereEndsThoughHalfClosedStreamsHaveNoLimit() {
        ScriptedPeer quiet = ScriptedPeer.server(
                options -> options.keepAlive(0, 0).halfCloseTimeout(0).lingerTimeout(5));
        quiet.opens();
        quiet.opens();
        quiet.sends(Wire.ack(1), Wire.ack(3)).stream(1).close(peer.now());
        quiet.stream(3).closeWrite(quiet.now());
        quiet.afresh().afterSeconds(299.9).toldNothing();
        quiet.afterSeconds(0.1).told("reset 1 IDLE_TIMEOUT").expects(Wire.rst(1));
        quiet.afterSeconds(1e6).toldNothing().expectsNothing();
        assertEquals(1, quiet.core.streamCount(), "half-closed, and so for its user to end");
    }

    @Test
    void creditShowsThatAClosedStreamIsStillBeingRead() {
        ScriptedPeer slow =
                ScriptedPeer.server(options -> options.keepAlive(0, 0).halfCloseTimeout(300));
        slow.opens();
        slow.sends(Wire.ack(1));
        slow.writesBytes(1, 100_000);
        slow.stream(1).close(slow.now());
        slow.afresh();
        for (int n = 0; n < 10; n++)
            slow.afterSeconds(200).sends(Wire.update(1, 1_000)).toldNothing();
    }
}
