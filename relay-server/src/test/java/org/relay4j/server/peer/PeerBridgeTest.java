package org.relay4j.server.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.MuxStream;

class PeerBridgeTest {
    private static final int WINDOW = 256 * 1024; // bytes
    private static final int OUTPUT = 520 * 1024; // bytes; of a session

    private final BridgeBench bench = new BridgeBench();

    private Cause reset(BridgeParty party) {
        Cause cause = party.reset;
        if (cause == null) throw new AssertionError("not reset");
        return cause;
    }

    @Test
    void bytesGoInBothDirectionsAndEachEndIsPassedOnByItself() {
        BridgeParty visitor = bench.visit();
        bench.settle();
        BridgeParty service = bench.service(0);
        assertTrue(visitor.acknowledged);

        visitor.send(100_000);
        visitor.end();
        bench.settle();
        assertEquals(100_000, service.received);
        assertTrue(service.atEnd);
        assertFalse(visitor.atEnd);

        service.send(200_000); // half-closed
        bench.settle();
        assertEquals(200_000, visitor.received);
        service.end();
        bench.settle();
        assertTrue(visitor.atEnd);
        assertEquals(List.of("clean"), bench.ends);
        assertNoStreams();
    }

    @Test
    void theHeaderOfTheClientComesFirstAndIsNotCounted() {
        BridgeParty visitor = bench.visit();
        visitor.send(10);
        bench.settle();
        assertEquals(10, bench.service(0).received);
        MuxStream stream = bench.bridges.get(0).clientStream();
        assertTrue(stream != null && stream.bytesSent() == 10);
    }

    @Test
    void bytesThatComeBeforeTheDecisionWaitAndAreNotLost() {
        bench.decision = bridge -> {};
        BridgeParty visitor = bench.visit();
        visitor.send(1_000);
        visitor.end();
        bench.settle();
        assertFalse(visitor.acknowledged);
        var unused =
                bench.bridges.get(0).join(bench.tunnel, new byte[] {0}, (bridge, failure) -> bench.ends.add("ended"));
        bench.settle();
        assertEquals(1_000, bench.service(0).received);
        assertTrue(bench.service(0).atEnd);
    }

    @Test
    void aRefusalArrivesWithItsCode() {
        for (PeerCode code : PeerCode.values()) {
            bench.decision = bridge -> bridge.refuse(code);
            BridgeParty visitor = bench.visit();
            bench.settle();
            assertFalse(visitor.acknowledged);
            assertEquals(code.number(), reset(visitor).code());
            assertEquals(code, PeerCode.of(reset(visitor).code()));
        }
        assertNoStreams();
    }

    @Test
    void aClientWithoutRoomRefusesAtOnceAndTheOwnerLearnsOfIt() {
        bench.tunnel.mux().close();
        BridgeParty visitor = bench.visit();
        bench.settle();
        assertEquals(PeerCode.NOT_HERE.number(), reset(visitor).code());
        assertEquals(1, bench.ends.size());
    }

    @Test
    void aVisitorWaitsForRoomInTheTunnelAndIsNotAcknowledgedMeanwhile() {
        BridgeParty first = bench.visit();
        bench.settle();
        for (int n = 0; n < 8; n++) { // more than the output of the tunnel has room for
            first.send(WINDOW);
            bench.move(0, BridgeBench.MOST);
            bench.move(3, BridgeBench.MOST);
            if (n % 2 == 0) bench.visit().send(WINDOW);
        }
        bench.runTasks();
        long joined =
                bench.visitors.stream().filter(visitor -> visitor.acknowledged).count();
        bench.settle();
        assertTrue(joined < bench.visitors.size());
        for (BridgeParty visitor : bench.visitors) {
            assertTrue(visitor.acknowledged);
            assertNull(visitor.reset);
            assertEquals(visitor.sent, bench.service(bench.visitors.indexOf(visitor)).received);
        }
    }

    @Test
    void aResetIsPassedOnWithItsCodeInBothDirections() {
        BridgeParty visitor = bench.visit();
        BridgeParty other = bench.visit();
        bench.settle();
        visitor.stream.reset(77);
        bench.service(1).stream.reset(78);
        bench.settle();
        assertEquals(77, reset(bench.service(0)).code());
        assertEquals(78, reset(other).code());
        assertEquals(2, bench.ends.size());
        assertNoStreams();
    }

    @Test
    void aTruncatedTransferNeverLooksComplete() {
        BridgeParty visitor = bench.visit();
        bench.settle();
        BridgeParty service = bench.service(0);
        service.reads(false);
        visitor.send(WINDOW);
        bench.settle();
        visitor.stream.reset(0);
        bench.settle();
        service.reads(true);
        assertFalse(service.atEnd);
        reset(service);
    }

    @Test
    void aCompleteReplyIsDeliveredBeforeTheResetBehindIt() {
        BridgeParty visitor = bench.visit();
        bench.settle();
        BridgeParty service = bench.service(0);
        visitor.reads(false);
        long sent = 0;
        for (int more; (more = service.send(WINDOW)) > 0; bench.settle()) sent += more;
        assertTrue(sent > WINDOW, "the rest waits in the node with the bridge: " + sent);
        service.end();
        bench.settle();
        service.stream.reset(9);
        bench.settle();
        assertEquals(List.of(), bench.ends);

        visitor.reads(true);
        bench.settle();
        assertEquals(sent, visitor.received);
        assertTrue(visitor.atEnd);
        assertEquals(1, bench.ends.size());
        assertNoStreams();
    }

    @Test
    void theResetOfAVisitorDoesNotWaitForTheClient() {
        BridgeParty visitor = bench.visit();
        bench.settle();
        BridgeParty service = bench.service(0);
        service.reads(false);
        while (visitor.send(WINDOW) > 0) bench.settle();
        visitor.end();
        bench.settle();
        visitor.stream.reset(9);
        bench.settle();
        assertEquals(9, reset(service).code());
        assertFalse(service.atEnd);
        assertEquals(1, bench.ends.size());
        assertNoStreams();
    }

    @Test
    void creditGoesBackOnlyForBytesThatHaveLeft() {
        BridgeParty visitor = bench.visit();
        bench.settle();
        BridgeParty service = bench.service(0);
        service.reads(false);
        long sent = 0;
        for (int more; (more = visitor.send(BridgeBench.MOST)) > 0; bench.settle()) sent += more;
        assertTrue(sent <= 2L * WINDOW, "one window in each of two sessions, at most: " + sent);
        assertTrue(bench.buffers.most <= WINDOW + 2 * OUTPUT + 64 * 1024, "in memory: " + bench.buffers.most);

        service.reads(true);
        bench.settle();
        assertEquals(sent, service.received);
        assertTrue(visitor.send(BridgeBench.MOST) > 0);
        bench.settle();
        assertEquals(visitor.sent, service.received);
    }

    /** Joins one more visitor, silent, to a client whose session has room, for which other streams wait. */
    private BridgeParty visitBusyClient() {
        for (int n = 0; n < 4; n++) bench.visit();
        bench.settle();
        for (BridgeParty bulk : bench.visitors) {
            bulk.send(WINDOW);
            bench.move(0, BridgeBench.MOST);
        }
        bench.runTasks();
        bench.move(1, OUTPUT / 2);
        BridgeParty silent = bench.visit();
        bench.move(0, BridgeBench.MOST);
        bench.runTasks();
        while (bench.bridges.get(4).clientStream() == null && bench.move(1, 1_000) > 0) bench.retry();
        MuxStream stream = bench.bridges.get(4).clientStream();
        assertTrue(stream != null && stream.sendWindow() == WINDOW, "joined, and the header waits");
        return silent;
    }

    @Test
    void theHeaderOfASilentVisitorIsSentWhenTheBusyClientHasRoom() {
        visitBusyClient();
        bench.settle();
        BridgeParty service = bench.service(4); // which the header begins
        assertEquals(0, service.received);
        assertFalse(service.atEnd);
    }

    @Test
    void theHeaderOfAVisitorThatOnlyReadsComesBeforeItsEnd() {
        BridgeParty visitor = visitBusyClient();
        visitor.end();
        bench.move(0, BridgeBench.MOST);
        bench.runTasks();
        bench.settle();
        BridgeParty service = bench.service(4);
        assertTrue(service.atEnd);
        assertEquals(0, service.received);
        service.send(1_000);
        service.end();
        bench.settle();
        assertEquals(1_000, visitor.received);
        assertEquals(List.of("clean"), bench.ends);
    }

    @Test
    void aVisitorWithMuchDataTakesTurnsWithTheOthersOfItsClient() {
        BridgeParty first = bench.visit();
        BridgeParty second = bench.visit();
        bench.settle();
        for (int n = 0; n < 2; n++) bench.service(n).reads(false);
        for (BridgeParty party : bench.visitors) {
            for (int more; (more = party.send(WINDOW)) > 0; bench.settle()) assertTrue(more > 0);
        }
        int[] before = {waiting(0), waiting(1)};
        assertTrue(Math.min(before[0], before[1]) > 2 * MeteredBuffers.LARGE);
        for (int n = 0; n < 2; n++) bench.service(n).reads(true);
        bench.move(2, BridgeBench.MOST); // credit for both
        int most = Math.max(before[0] - waiting(0), before[1] - waiting(1));
        assertTrue(most > 0 && most <= MeteredBuffers.LARGE, "bytes in one turn: " + most);
        bench.settle();
        assertEquals(first.sent, bench.service(0).received);
        assertEquals(second.sent, bench.service(1).received);
    }

    /** Returns how many bytes of a visitor wait for the client. */
    private int waiting(int number) {
        return ((BridgeSide) bench.bridges.get(number).visitorSide()).stream().available();
    }

    @Test
    void theBandwidthOfTheTunnelLimitsWhatTheClientReceives() {
        BridgeParty visitor = bench.visit();
        bench.settle();
        BridgeParty service = bench.service(0);
        bench.tunnel.bandwidth = 0;
        visitor.send(10_000);
        visitor.end();
        bench.settle();
        assertEquals(0, service.received);
        for (int allowed = 0; allowed < 10_000; allowed += 3_000) {
            bench.tunnel.allow(3_000);
            bench.settle();
            assertEquals(Math.min(10_000, allowed + 3_000), service.received);
        }
        assertTrue(service.atEnd);
        bench.tunnel.bandwidth = 0;
        service.send(10_000); // limited where it is read from the client
        bench.settle();
        assertEquals(10_000, visitor.received);
    }

    @Test
    void theEndOfEitherSessionResetsTheOtherStream() {
        bench.visit();
        bench.settle();
        bench.peer.fail(new Cause(Cause.Kind.CONNECTION_LOST, "cut"));
        bench.settle();
        reset(bench.service(0));
        assertEquals(List.of("cut"), bench.ends);

        BridgeBench second = new BridgeBench();
        BridgeParty visitor = second.visit();
        second.settle();
        second.tunnel.fail(new Cause(Cause.Kind.TIMEOUT, "silent"));
        second.settle();
        reset(visitor);
        assertEquals(List.of("silent"), second.ends);
        assertEquals(0, second.entry.streamCount());
    }

    @Test
    void nothingIsResetWithinACallback() {
        BridgeParty visitor = bench.visit();
        bench.settle();
        visitor.stream.reset(1);
        bench.move(0, BridgeBench.MOST);
        assertEquals(1, bench.tunnel.mux().streamCount());
        assertEquals(1, bench.tasks.size());
        bench.runTasks();
        assertEquals(0, bench.tunnel.mux().streamCount());
    }

    @Test
    void aSessionThatDrainsEndsBehindTheLastBytesOfItsStream() {
        BridgeParty visitor = bench.visit();
        bench.settle();
        BridgeParty service = bench.service(0);
        service.reads(false);
        long sent = 0;
        for (int more; (more = visitor.send(WINDOW)) > 0; bench.settle()) sent += more;
        service.end(); // the stream of the visitor leaves its session, and bytes of it wait
        bench.settle();
        visitor.end();
        bench.settle();
        bench.peer.lock.lock();
        try {
            bench.peer.mux().drain(true);
        } finally {
            bench.peer.lock.unlock();
        }
        assertNull(bench.peer.mux().ended());
        service.reads(true);
        bench.settle();
        assertEquals(sent, service.received);
        assertTrue(service.atEnd);
        assertEquals(List.of("clean"), bench.ends);
        Cause end = bench.peer.mux().ended();
        assertTrue(end != null && end.kind() == Cause.Kind.CLOSED_LOCALLY);
    }

    @Test
    void anOwnerMayCutAVisitor() {
        BridgeParty visitor = bench.visit();
        bench.settle();
        bench.bridges.get(0).abandon(new java.io.IOException("a limit"));
        bench.settle();
        reset(visitor);
        reset(bench.service(0));
        assertEquals(List.of("a limit"), bench.ends);
        assertNoStreams();
    }

    private void assertNoStreams() {
        assertEquals(0, bench.peer.mux().streamCount());
        assertEquals(0, bench.tunnel.mux().streamCount());
        assertEquals(0, bench.buffers.used, "bytes in use");
    }
}
