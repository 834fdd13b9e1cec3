package org.relay4j.server.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.server.cluster.SimulatedTime.SECOND;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.relay4j.api.Endpoint;
import org.relay4j.server.registry.Change;
import org.relay4j.server.registry.Entry;
import org.relay4j.server.registry.MemoryRegistryStore;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.RegistryStore;
import org.relay4j.server.registry.RegistryUnavailableException;
import org.relay4j.server.registry.Transaction;
import org.relay4j.testing.Logged;

class ClusterNodeTest {
    private static final String ID = "0123456789abcdef0123456789abcdef";
    private static final String OTHER = "fedcba9876543210fedcba9876543210";
    private static final Endpoint ENDPOINT = Endpoint.port(20_001);

    private final SimulatedTime time = new SimulatedTime(1);
    private final MemoryRegistryStore registry = OneNode.registry(time);

    private OneNode joined(String name) {
        OneNode node = new OneNode(time, registry, name, name + "-1");
        node.get(node.node.join());
        return node;
    }

    private static TunnelRecord tunnel(String id, String owner) {
        return TunnelRecord.of(id, owner, true, "text");
    }

    private static void serve(OneNode node, String id) {
        serve(node, id, ENDPOINT);
    }

    private static void serve(OneNode node, String id, Endpoint endpoint) {
        node.get(node.node.claim(tunnel(id, "alice"), endpoint, false));
        node.node.serve(id, endpoint, 1);
        node.run(SECOND);
    }

    private static List<String> nodesOf(OneNode node) {
        return node.node.routes(ENDPOINT).stream().map(Route::node).toList();
    }

    @Test
    void anotherNodeSeesTheRouteAndCannotClaimTheEndpoint() {
        OneNode a = joined("a");
        OneNode b = joined("b");
        serve(a, ID);
        assertEquals(List.of("a"), nodesOf(b));
        assertEquals(List.of(), nodesOf(a));
        assertEquals(a.node.epoch(ID, ENDPOINT), b.node.routes(ENDPOINT).get(0).epoch());
        Throwable taken = b.failure(b.node.claim(tunnel(OTHER, "bob"), ENDPOINT, false));
        EndpointTakenException.Holder holder =
                assertInstanceOf(EndpointTakenException.class, taken).holder();
        assertEquals(
                List.of(ID, "alice", "a"), List.of(holder.tunnel(), String.valueOf(holder.owner()), holder.node()));
        a.node.release(ID);
        a.run(SECOND);
        assertEquals(List.of(), nodesOf(b));
        b.get(b.node.claim(tunnel(OTHER, "bob"), ENDPOINT, false));
        assertEquals(1, b.node.status().nodes().size());
    }

    @Test
    void aClaimThatWaitsUntilItsTunnelHasEndedIsNotMade() {
        OneNode a = joined("a");
        serve(a, ID);
        a.node.release(ID); // takes some milliseconds
        var waiting = a.node.claim(tunnel(ID, "alice"), Endpoint.port(20_002), false);
        assertInstanceOf(ClaimLostException.class, a.failure(waiting));
        a.run(SECOND);
        assertEquals(List.of(), keys("c/"));
        assertEquals(List.of(), keys("t/"));
    }

    private List<String> keys(String kind) {
        List<String> keys = new ArrayList<>();
        registry.readAll("/relay/sim/" + kind).thenAccept(seen -> seen.entries().forEach(each -> keys.add(each.key())));
        return keys;
    }

    @Test
    void anEndpointIsFreeSoonAfterItsTunnelHasEnded() {
        OneNode a = joined("a");
        OneNode b = joined("b");
        serve(a, ID);
        a.node.release(ID);
        b.run(5 * SECOND);
        assertEquals(List.of("free " + ENDPOINT), freed(b));
        assertEquals(List.of(), freed(a)); // it has no routes to other nodes
    }

    @Test
    void anEndpointIsFreeSoonAfterItsClientHasEndedItAtTwoNodesAtOnce() {
        OneNode a = joined("a");
        OneNode b = joined("b");
        OneNode c = joined("c");
        share(a, b);
        c.run(10 * SECOND); // what both serve is known
        a.node.release(ID);
        b.node.release(ID);
        c.run(5 * SECOND);
        assertEquals(List.of("free " + ENDPOINT), freed(c));
    }

    @Test
    void anEndpointIsNotFreeWhileItsTunnelWaitsForItsClientOrMoves() {
        OneNode a = joined("a");
        OneNode b = joined("b");
        OneNode c = joined("c");
        serve(a, ID);
        a.node.unserve(ID, ENDPOINT);
        c.run(5 * SECOND);
        b.get(b.node.take(b.get(b.node.find(ID)).orElseThrow(), "new"));
        c.run(5 * SECOND);
        b.node.serve(ID, ENDPOINT, 0);
        c.run(5 * SECOND);
        assertEquals(List.of("b"), nodesOf(c));
        assertEquals(List.of(), freed(c));
    }

    @Test
    void anEndpointIsNotFreeIfItsNodeHasDiedOrTheRegistryDoesNotAnswer() {
        OneNode a = joined("a");
        OneNode b = joined("b");
        OneNode c = joined("c");
        serve(a, ID);
        serve(b, OTHER, Endpoint.port(20_002));
        a.store.cut(true);
        c.run(10 * SECOND);
        assertEquals(List.of(), nodesOf(c));
        b.node.release(OTHER);
        c.run(SECOND / 2);
        assertEquals(List.of(), c.node.routes(Endpoint.port(20_002)));
        c.store.cut(true);
        c.run(10 * SECOND);
        assertEquals(List.of(), freed(c));
    }

    private static List<String> freed(OneNode node) {
        return node.events.stream().filter(each -> each.startsWith("free ")).toList();
    }

    @Test
    void aTunnelThatIsTakenIsLostAtItsOldNode() {
        OneNode a = joined("a");
        OneNode b = joined("b");
        serve(a, ID);
        long before = a.node.epoch(ID, ENDPOINT);
        TunnelRecord seen = b.get(b.node.find(ID)).orElseThrow();
        assertEquals("text", seen.text());
        TunnelRecord taken = b.get(b.node.take(seen, "new"));
        assertEquals(List.of(ENDPOINT), taken.endpoints());
        assertTrue(b.node.epoch(ID, ENDPOINT) > before);
        b.run(SECOND);
        assertTrue(a.events.contains("lost all: " + LossReason.TAKEN.text()), a.events.toString());
        assertFalse(a.node.mayServe(ID, ENDPOINT, time.now()));
        assertInstanceOf(ClaimLostException.class, a.failure(a.node.take(seen, "late")));
    }

    @Test
    void sharedTunnelsMergeTheirTexts() {
        OneNode a = joined("a");
        OneNode b = joined("b");
        serve(a, ID);
        b.get(b.node.share(b.get(b.node.find(ID)).orElseThrow(), "text"));
        b.node.serve(ID, ENDPOINT, 0);
        b.run(SECOND);
        assertEquals(a.node.epoch(ID, ENDPOINT), b.node.epoch(ID, ENDPOINT));
        var first = a.node.update(ID, text -> text + "+a");
        var second = b.node.update(ID, text -> text + "+b");
        a.get(first);
        b.get(second);
        String text = a.get(a.node.find(ID)).orElseThrow().text();
        assertTrue(text.equals("text+a+b") || text.equals("text+b+a"), text);
    }

    @Test
    void theOtherCarrierAdoptsTheClaimsOfANodeThatDies() {
        OneNode a = joined("a");
        OneNode b = joined("b");
        serve(a, ID);
        b.get(b.node.share(b.get(b.node.find(ID)).orElseThrow(), "text"));
        b.node.serve(ID, ENDPOINT, 0);
        b.run(SECOND);
        b.store.cut(true); // the claims depend on the lease of b
        a.run(11 * 60 * SECOND);
        assertEquals("a", a.get(a.node.find(ID)).orElseThrow().stored().node());
        assertTrue(a.node.mayServe(ID, ENDPOINT, time.now()));
    }

    @Test
    void withoutTheRegistryAPortIsServedUntilItsDeadlineAndAFixedOneWithoutEnd() {
        OneNode a = joined("a");
        Endpoint fixed = Endpoint.host("app.example.com");
        serve(a, ID);
        a.get(a.node.claim(tunnel(ID, "alice"), fixed, true));
        a.store.cut(true);
        a.run(5 * SECOND);
        assertEquals(RegistryState.SUSPENDED, a.node.state());
        assertInstanceOf(
                RegistryUnavailableException.class, a.failure(a.node.claim(tunnel(OTHER, "bob"), ENDPOINT, false)));
        a.run(9 * 60 * SECOND);
        assertTrue(a.node.mayServe(ID, ENDPOINT, time.now()));
        a.run(31 * SECOND);
        assertFalse(a.node.mayServe(ID, ENDPOINT, time.now()));
        assertTrue(a.node.mayServe(ID, fixed, time.now()));
        a.run(60 * SECOND);
        a.store.cut(false); // the lease has ended, but nobody has claimed the port
        a.run(10 * SECOND);
        assertTrue(a.node.mayServe(ID, ENDPOINT, time.now()));
        assertTrue(a.events.stream().noneMatch(each -> each.startsWith("lost")), a.events.toString());
    }

    @Test
    void routesOfANodeThatAnswersOnItsLinksAreKept() {
        OneNode a = joined("a");
        OneNode b = joined("b");
        serve(a, ID);
        a.store.cut(true);
        for (int i = 0; i < 20; i++) {
            b.node.peerAlive("a", time.now());
            b.run(SECOND / 2);
        }
        assertEquals(List.of("a"), nodesOf(b));
        b.node.peerDead("a");
        b.run(SECOND);
        assertEquals(List.of(), nodesOf(b));
        assertTrue(b.events.contains("gone a"));
    }

    @Test
    void routesOfANodeThatIsReadBeforeItHasPutThemAgainAreKept() {
        OneNode a = joined("a");
        OneNode b = joined("b");
        serve(a, ID);
        a.store.cut(true);
        b.store.mute(true);
        for (int i = 0; i < 10; i++) answers(a, b);
        assertEquals(List.of(), keys("n/a"));
        putEntryAgain(a, Duration.ofSeconds(60));
        b.store.endWatch();
        b.store.mute(false);
        for (int i = 0; i < 10; i++) answers(a, b);
        assertEquals(RegistryState.CONNECTED, b.node.state());
        assertEquals(List.of("a"), nodesOf(b));
        for (int i = 0; i < 20; i++) answers(a, b);
        assertEquals(List.of(), nodesOf(b)); // it has had the time to put them
    }

    @Test
    void routesOfANodeThatIsBackForAMomentOnlyAreKept() {
        OneNode a = joined("a");
        OneNode b = joined("b");
        serve(a, ID);
        a.store.cut(true);
        for (int i = 0; i < 10; i++) answers(a, b);
        putEntryAgain(a, Duration.ofSeconds(3));
        for (int i = 0; i < 10; i++) answers(a, b);
        assertEquals(List.of("a"), nodesOf(b)); // its entry has vanished again before its routes were put
    }

    @Test
    void routesOfANodeThatIsBackAreKeptWhileTheyCannotBeSeen() {
        OneNode a = joined("a");
        OneNode b = joined("b");
        serve(a, ID);
        a.store.cut(true);
        for (int i = 0; i < 20; i++) answers(a, b);
        putEntryAgain(a, Duration.ofSeconds(3));
        b.run(SECOND / 10);
        b.store.cut(true); // before a puts its routes
        a.store.cut(false);
        for (int i = 0; i < 60; i++) answers(a, b);
        assertEquals(List.of("a"), nodesOf(b));
        b.store.cut(false);
        for (int i = 0; i < 60; i++) answers(a, b);
        assertEquals(List.of("a"), nodesOf(b));
    }

    /** The entry of node a comes back for a while. */
    private void putEntryAgain(OneNode node, Duration lasting) {
        String text = NodeText.of(node.node.status().self());
        registry.grant(lasting)
                .thenAccept(lease -> registry.commit(Transaction.NONE.put("/relay/sim/n/a", text, lease)));
    }

    @Test
    void routesOfANodeThatHasLeftAreNotKept() {
        OneNode a = joined("a");
        OneNode b = joined("b");
        serve(a, ID);
        b.node.peerAlive("a", time.now());
        a.get(a.node.leave());
        b.run(SECOND / 10);
        assertEquals(List.of(), nodesOf(b));
        assertTrue(b.get(b.node.find(ID)).isPresent()); // its client may come back for it
    }

    @Test
    void aNodeThatLeavesReleasesBaseTunnels() {
        OneNode a = joined("a");
        OneNode b = joined("b");
        a.get(a.node.claim(TunnelRecord.of(ID, null, false, ""), ENDPOINT, false));
        a.get(a.node.leave());
        assertTrue(b.get(b.node.find(ID)).isEmpty());
        b.get(b.node.claim(tunnel(OTHER, "bob"), ENDPOINT, false));
    }

    @Test
    void theSecondLiveNodeWithANameCannotJoin() {
        OneNode a = joined("a");
        OneNode twin = new OneNode(time, registry, "a", "a-2");
        Throwable why = twin.failure(twin.node.join());
        assertTrue(why.getMessage().contains("has the name 'a'"), why.getMessage());
        assertEquals(RegistryState.CONNECTED, a.node.state());
    }

    @Test
    void aNodeThatIsRestartedJoinsAndTheOldProcessIsRefused() {
        OneNode old = joined("a");
        serve(old, ID);
        old.store.cut(true);
        OneNode next = new OneNode(time, registry, "a", "a-2");
        next.get(next.node.join());
        old.store.cut(false);
        next.run(5 * SECOND);
        assertTrue(old.events.contains("lost all: " + LossReason.REPLACED.text()), old.events.toString());
        assertEquals(RegistryState.SUSPENDED, old.node.state());
        assertEquals(RegistryState.CONNECTED, next.node.state());
    }

    @Test
    void claimsAreSettledByReadingWhenAnswersAreLost() {
        OneNode a = joined("a");
        int unavailable = 0;
        a.store.faults(0.25, 0.1, SECOND / 100);
        for (int i = 0; i < 40; i++) {
            String id = String.format("%032x", i);
            Endpoint endpoint = Endpoint.port(1_000 + i);
            try {
                a.get(a.node.claim(tunnel(id, "alice"), endpoint, false));
            } catch (AssertionError e) {
                assertInstanceOf(RegistryUnavailableException.class, e.getCause());
                unavailable++;
            }
        }
        a.store.faults(0, 0, SECOND / 1_000);
        a.run(20 * SECOND);
        int[] claims = new int[1];
        registry.readAll("/relay/sim/c/")
                .thenAccept(seen -> claims[0] = seen.entries().size());
        assertEquals(a.node.status().work().endpoints(), claims[0]);
        assertEquals(40 - unavailable, claims[0]);
    }

    @Test
    void aTransactionThatArrivesLateIsNotMade() {
        OneNode a = joined("a");
        a.store.faults(0, 1, SECOND / 1_000);
        var claim = a.node.claim(tunnel(ID, "alice"), ENDPOINT, false);
        a.run(SECOND / 100);
        a.store.faults(0, 0, SECOND / 1_000);
        a.get(claim); // by another transaction
        a.node.release(ID);
        a.run(10 * SECOND);
        List<Entry> claims = new ArrayList<>();
        registry.readAll("/relay/sim/c/").thenAccept(seen -> claims.addAll(seen.entries()));
        assertEquals(List.of(), claims);
    }

    @Test
    void aHolderOfTheSameClientIsDisplaced() {
        OneNode a = joined("a");
        OneNode b = joined("b");
        serve(a, ID);
        Throwable taken = b.failure(b.node.claim(tunnel(OTHER, "alice"), ENDPOINT, true));
        b.get(b.node.displace(tunnel(OTHER, "alice"), (EndpointTakenException) taken, true));
        b.run(SECOND);
        assertTrue(a.events.contains("lost " + ENDPOINT + ": " + LossReason.CONFLICT.text()), a.events.toString());
        assertEquals(List.of(), nodesOf(b));
    }

    @Test
    void drainingNodesAreTriedLast() {
        OneNode a = joined("a");
        OneNode b = joined("b");
        OneNode c = joined("c");
        serve(a, ID);
        b.get(b.node.share(b.get(b.node.find(ID)).orElseThrow(), "text"));
        b.node.serve(ID, ENDPOINT, 0);
        c.run(SECOND);
        String first = nodesOf(c).get(0);
        OneNode drained = first.equals("a") ? a : b;
        drained.get(drained.node.drain());
        c.run(SECOND);
        assertEquals(2, nodesOf(c).size());
        assertEquals(first, nodesOf(c).get(1));
    }

    @Test
    void anEndpointThatIsClaimedWhileItsNodeLeavesASharedTunnelIsGivenBack() {
        OneNode a = joined("a");
        OneNode b = joined("b");
        serve(a, ID);
        b.get(b.node.share(b.get(b.node.find(ID)).orElseThrow(), "text"));
        b.node.serve(ID, ENDPOINT, 0);
        b.run(SECOND);
        Endpoint another = Endpoint.port(20_002);
        var claim = a.node.claim(tunnel(ID, "alice"), another, false);
        a.node.release(ID);
        assertInstanceOf(ClaimLostException.class, a.failure(claim));
        b.run(SECOND);
        TunnelRecord left = b.get(b.node.find(ID)).orElseThrow();
        assertEquals(List.of(ENDPOINT), left.endpoints());
        assertEquals("b", left.stored().node()); // it has put the tunnel on its own lease
        assertTrue(b.node.mayServe(ID, ENDPOINT, time.now()));
        b.get(b.node.claim(tunnel(OTHER, "bob"), another, false));
    }

    @Test
    void theNodeThatServesATunnelAdoptsItFromOneThatHasLeftItWithoutHavingServedIt() {
        OneNode a = joined("a");
        OneNode b = joined("b");
        serve(a, ID);
        b.get(b.node.share(b.get(b.node.find(ID)).orElseThrow(), "text"));
        b.node.release(ID); // a sees no route of it go
        a.run(SECOND);
        assertEquals("b", a.get(a.node.find(ID)).orElseThrow().stored().node());
        a.run(150 * SECOND); // compared twice
        assertEquals("a", a.get(a.node.find(ID)).orElseThrow().stored().node());
        a.get(b.node.leave());
        assertTrue(a.node.mayServe(ID, ENDPOINT, time.now()));
    }

    @Test
    void aTunnelThatIsTakenAgainAfterAnUnknownOutcomeIsNotReleasedMeanwhile() {
        OneNode a = joined("a");
        OneNode b = joined("b");
        serve(b, ID);
        var first = a.node.take(a.get(a.node.find(ID)).orElseThrow(), "text");
        while (!storedBy("a")) a.run(SECOND / 10_000);
        a.store.cut(true); // the answer is lost
        assertInstanceOf(RegistryUnavailableException.class, a.failure(first));
        long failed = time.now();
        a.store.cut(false);
        a.run(failed + 59 * SECOND - time.now()); // a minute later, the tunnel would be released
        TunnelRecord seen = a.get(a.node.find(ID)).orElseThrow();
        a.store.faults(0, 0, SECOND);
        a.run(SECOND / 2);
        var second = a.node.take(seen, "text");
        List<String> deleted = deletedClaims();
        a.get(second);
        a.store.faults(0, 0, SECOND / 1_000);
        a.run(10 * SECOND);
        assertEquals(List.of(), deleted);
        assertTrue(a.node.epoch(ID, ENDPOINT) > 0);
    }

    /** The tunnel is in the registry no more, and another client gets its endpoint. */
    private static void assertFree(OneNode node) {
        assertTrue(node.get(node.node.find(ID)).isEmpty());
        node.get(node.node.claim(tunnel(OTHER, "bob"), ENDPOINT, false));
    }

    /** Two nodes that serve the same tunnel. */
    private void share(OneNode first, OneNode second) {
        share(first, second, ID, ENDPOINT);
    }

    private static void share(OneNode first, OneNode second, String id, Endpoint endpoint) {
        serve(first, id, endpoint);
        second.get(second.node.share(second.get(second.node.find(id)).orElseThrow(), "text"));
        second.node.serve(id, endpoint, 0);
        second.run(SECOND);
    }

    @Test
    void aTunnelThatTwoNodesLeaveToEachOtherStaysClaimedForItsLease() {
        OneNode a = joined("a");
        OneNode b = joined("b");
        OneNode c = joined("c");
        share(a, b);
        a.node.leaveToOthers(ID);
        a.run(SECOND);
        assertEquals(List.of("b"), nodesOf(c));
        b.node.leaveToOthers(ID); // when it was decided, a had a route
        b.run(29 * SECOND); // its client comes back at the end of its lease
        assertEquals(List.of(), nodesOf(c));
        Throwable taken = c.failure(c.node.claim(tunnel(OTHER, "bob"), ENDPOINT, false));
        assertInstanceOf(EndpointTakenException.class, taken);
        TunnelRecord record = c.get(c.node.find(ID)).orElseThrow();
        assertEquals(List.of(ENDPOINT), c.get(c.node.take(record, "text")).endpoints());
        c.run(120 * SECOND);
        assertTrue(c.node.mayServe(ID, ENDPOINT, time.now()));
    }

    @Test
    void aTunnelThatTwoNodesLeaveToEachOtherIsReleasedWhenItsClientDoesNotComeBack() {
        OneNode a = joined("a");
        OneNode b = joined("b");
        share(a, b);
        b.node.leaveToOthers(ID);
        a.node.leaveToOthers(ID);
        a.run(70 * SECOND);
        assertFree(a);
    }

    @Test
    void aTunnelThatItsClientEndsAtTwoNodesAtTheSameTimeIsFreeSoon() {
        OneNode a = joined("a");
        OneNode b = joined("b");
        share(a, b); // the claim and the record depend on the lease of b
        a.run(10 * SECOND); // what both serve is known
        a.node.release(ID);
        b.node.release(ID); // knows of the route of a
        a.run(2 * SECOND);
        assertFree(a);
        a.run(120 * SECOND);
        assertTrue(a.node.mayServe(OTHER, ENDPOINT, time.now()));
    }

    @Test
    void aTunnelThatItsClientEndsAtTwoNodesIsFreeSoonWhicheverHasItsRecord() {
        OneNode a = joined("a");
        OneNode b = joined("b");
        share(a, b);
        a.get(a.node.update(ID, text -> text + "+a")); // the record depends on the lease of a, the claim on that of b
        a.run(10 * SECOND);
        b.node.release(ID);
        a.node.release(ID);
        a.run(2 * SECOND);
        assertFree(a);
    }

    /** As when a program ends that has many tunnels, one after the other, each with connections to two nodes. */
    @Test
    void manyTunnelsThatTheirClientEndsAtTwoNodesAtTheSameTimeAreFreeSoon() {
        OneNode a = joined("a");
        OneNode b = joined("b");
        endAtBoth(a, b, 500);
        a.run(2 * SECOND);
        List<Entry> claims = new ArrayList<>();
        registry.readAll("/relay/sim/c/").thenAccept(seen -> claims.addAll(seen.entries()));
        assertEquals(0, claims.size());
    }

    /** Otherwise clients that ask for a port wait behind them. */
    @Test
    void theyAreReadWithFewRequestsAtATime() {
        OneNode a = joined("a");
        OneNode b = joined("b");
        endAtBoth(a, b, 180); // takes 0.9 s, after which the first ones are looked at
        a.store.faults(0, 0, SECOND);
        b.store.faults(0, 0, SECOND);
        int most = 0;
        for (int n = 0; n < 60; n++) {
            a.run(SECOND / 20);
            for (OneNode each : List.of(a, b)) {
                ClusterStatus.Work work = each.node.status().work();
                most = Math.max(most, work.requests() + work.waiting());
            }
        }
        assertTrue(most < 8, "requests at a time: " + most); // with those for the leases, the watch and changes
    }

    private static void endAtBoth(OneNode a, OneNode b, int tunnels) {
        List<String> ids = new ArrayList<>();
        for (int n = 0; n < tunnels; n++) {
            String id = String.format("%032x", n + 1);
            Endpoint endpoint = Endpoint.port(21_000 + n);
            a.get(a.node.claim(tunnel(id, "alice"), endpoint, false));
            a.node.serve(id, endpoint, 1);
            b.get(b.node.share(b.get(b.node.find(id)).orElseThrow(), "text"));
            b.node.serve(id, endpoint, 0);
            ids.add(id);
        }
        a.run(10 * SECOND); // what both serve is known
        for (String id : ids) {
            a.node.release(id);
            b.node.release(id); // knows of the route of a
            a.run(SECOND / 200);
        }
    }

    @Test
    void aTunnelThatEndsAtOneNodeOnlyStaysAtTheOther() {
        OneNode a = joined("a");
        OneNode b = joined("b");
        share(a, b);
        b.node.release(ID);
        for (int i = 0; i < 130; i++) {
            a.run(SECOND);
            assertEquals(List.of(ENDPOINT), a.get(a.node.find(ID)).orElseThrow().endpoints());
            assertTrue(a.node.mayServe(ID, ENDPOINT, time.now()));
        }
        assertInstanceOf(EndpointTakenException.class, b.failure(b.node.claim(tunnel(OTHER, "bob"), ENDPOINT, false)));
    }

    @Test
    void aClaimIsNotGivenBackWhileANodeThatCannotBeHeardMayServeIt() {
        OneNode a = joined("a");
        OneNode b = joined("b");
        share(a, b); // the claim depends on the lease of b
        a.store.cut(true);
        b.run(5 * SECOND);
        b.node.release(ID); // its client has no connection to b any more, but one to a
        b.run(120 * SECOND);
        assertTrue(a.node.mayServe(ID, ENDPOINT, time.now()));
        Throwable taken = b.failure(b.node.claim(tunnel(OTHER, "bob"), ENDPOINT, false));
        assertInstanceOf(EndpointTakenException.class, taken);
        b.run(500 * SECOND);
        assertFalse(a.node.mayServe(ID, ENDPOINT, time.now()));
        b.get(b.node.claim(tunnel(OTHER, "bob"), ENDPOINT, false));
    }

    @Test
    void aTunnelThatIsLookedAtAgainDoesNotWaitForOnesThatWereLeftLater() {
        OneNode a = joined("a");
        OneNode b = joined("b");
        OneNode c = joined("c");
        share(a, b);
        a.store.cut(true);
        b.run(20 * SECOND);
        b.node.leaveToOthers(ID); // is looked at after 60 s, and then every 10 s while a may serve it
        b.run(58 * SECOND);
        share(c, b, OTHER, Endpoint.port(20_002));
        b.node.leaveToOthers(OTHER); // is looked at after 60 s
        a.node.release(ID); // its client does not come back
        b.run(10 * SECOND);
        a.store.cut(false);
        b.run(25 * SECOND);
        b.get(b.node.claim(tunnel("ab".repeat(16), "bob"), ENDPOINT, false));
    }

    @Test
    void anEndpointThatOnlyTheNodeHadThatLeftATunnelIsReleasedAfterAWhile() {
        OneNode a = joined("a");
        OneNode b = joined("b");
        share(a, b);
        Endpoint another = Endpoint.port(20_002);
        a.get(a.node.claim(tunnel(ID, "alice"), another, false));
        a.node.leaveToOthers(ID); // b has not learned of it
        b.run(70 * SECOND);
        assertEquals(List.of(ENDPOINT), b.get(b.node.find(ID)).orElseThrow().endpoints());
        b.get(b.node.claim(tunnel(OTHER, "bob"), another, false));
        assertTrue(b.node.mayServe(ID, ENDPOINT, time.now()));
    }

    @Test
    void aClaimOnTheLeaseOfANodeThatHasGoneIsNotUsedForLongerThanThatLeaseLasts() {
        OneNode a = joined("a");
        OneNode b = joined("b");
        share(a, b); // the claim depends on the lease of b
        a.store.unwritable(
                new RegistryException("no room", null)); // it renews its own lease, and cannot adopt the claim
        b.store.cut(true);
        a.run(540 * SECOND);
        assertTrue(a.node.mayServe(ID, ENDPOINT, time.now()));
        a.run(30 * SECOND);
        assertFalse(a.node.mayServe(ID, ENDPOINT, time.now()));
        a.store.unwritable(null); // the lease of b has not ended yet
        a.run(5 * SECOND);
        assertTrue(a.node.mayServe(ID, ENDPOINT, time.now()));
    }

    @Test
    void aClaimOnTheLeaseOfANodeThatHasGoneIsNotDeletedWithTheRecordOnTheLeaseOfTheOneThatLeft() {
        OneNode a = joined("a");
        OneNode b = joined("b");
        share(a, b); // the claim depends on the lease of b
        a.get(a.node.update(ID, text -> text + "+a")); // the record depends on the lease of a
        b.store.unwritable(new RegistryException("no room", null)); // it renews its lease, and cannot adopt the record
        a.node.leaveToOthers(ID);
        a.run(56 * SECOND);
        b.store.cut(true); // before a looks whether b has adopted it
        a.run(550 * SECOND);
        assertTrue(a.get(a.node.find(ID)).isEmpty()); // a client's tunnel that nobody is known to serve
        assertTrue(b.node.mayServe(ID, ENDPOINT, time.now()));
        Throwable taken = a.failure(a.node.claim(tunnel(OTHER, "bob"), ENDPOINT, false));
        assertInstanceOf(EndpointTakenException.class, taken);
        a.run(60 * SECOND);
        assertFalse(b.node.mayServe(ID, ENDPOINT, time.now()));
        a.get(a.node.claim(tunnel(OTHER, "bob"), ENDPOINT, false));
    }

    private OneNode withNegativeClock() {
        ClusterSettings settings = OneNode.settings("a").incarnation("a-1");
        OneNode node = new OneNode(time, registry, settings, -1_000_000 * SECOND);
        node.get(node.node.join());
        return node;
    }

    @Test
    void aNodeWithANegativeClockPutsItsEntryAgain() {
        OneNode a = withNegativeClock();
        serve(a, ID);
        var unused = registry.commit(Transaction.NONE.delete("/relay/sim/n/a"));
        a.node.unserve(ID, ENDPOINT); // it is refused, which shows that the entry is not there
        a.run(10 * SECOND);
        assertEquals(RegistryState.CONNECTED, a.node.state());
    }

    @Test
    void aNodeWithANegativeClockFindsThatItsWatchDoesNotShowEverything() {
        OneNode a = withNegativeClock();
        OneNode b = joined("b");
        a.run(15 * SECOND); // the comparison that follows each watch is over
        a.store.deaf(true);
        serve(b, ID);
        a.run(20 * SECOND);
        assertEquals(List.of("b"), nodesOf(a));
    }

    @Test
    void aNodeThatIsBackDoesNotUseASharedClaimForLongerBeforeItHasComparedIt() {
        OneNode a = joined("a");
        OneNode b = joined("b");
        OneNode c = joined("c");
        share(b, a); // on the lease of a
        b.run(SECOND);
        b.store.cut(true);
        a.node.leaveToOthers(ID);
        a.run(9 * 60 * SECOND);
        assertTrue(b.node.mayServe(ID, ENDPOINT, time.now()));
        b.store.unwritable(new RegistryUnavailableException("it cannot be written at present", null, true));
        b.store.cut(false); // so that its lease is renewed, and it is not registered
        a.run(3 * 60 * SECOND); // a has given the claim back
        c.get(c.node.claim(tunnel(OTHER, "carol"), ENDPOINT, false));
        assertFalse(b.node.mayServe(ID, ENDPOINT, time.now()));
        b.store.unwritable(null);
        b.run(10 * SECOND);
        assertTrue(b.events.contains("lost " + ENDPOINT + ": " + LossReason.CONFLICT.text()), b.events.toString());
    }

    @Test
    void anEndpointThatWasGivenBackAndClaimedAgainMeanwhileIsLostAtTheOtherNode() {
        OneNode a = joined("a");
        OneNode b = joined("b");
        share(a, b);
        Endpoint another = Endpoint.port(20_002);
        for (OneNode each : List.of(a, b)) {
            each.get(each.node.claim(tunnel(ID, "alice"), another, false));
            each.node.serve(ID, another, 1);
            each.run(SECOND);
        }
        a.store.cut(true);
        b.node.release(ID, another);
        b.run(SECOND);
        b.get(b.node.claim(tunnel(ID, "alice"), another, false));
        long epoch = b.node.epoch(ID, another);
        a.store.cut(false);
        a.run(5 * SECOND);
        assertTrue(a.events.contains("lost " + another + ": " + LossReason.TAKEN.text()), a.events.toString());
        b.run(60 * SECOND); // compared at least once
        assertEquals(epoch, b.node.epoch(ID, another));
        assertTrue(b.node.mayServe(ID, another, time.now()) && a.node.mayServe(ID, ENDPOINT, time.now()));
    }

    @Test
    void aNodeKnowsWhetherItCarriesATunnelAsItIsStored() {
        OneNode a = joined("a");
        OneNode b = joined("b");
        share(a, b);
        TunnelRecord shared = a.get(a.node.find(ID)).orElseThrow();
        assertTrue(a.node.carries(shared) && b.node.carries(shared));
        OneNode c = joined("c");
        assertFalse(c.node.carries(shared));
        c.get(c.node.take(shared, "text"));
        assertFalse(a.node.carries(c.get(c.node.find(ID)).orElseThrow()));
    }

    /** A node answers on its link to another one. */
    private void answers(OneNode node, OneNode to) {
        to.node.peerAlive(node.node.status().self().name(), time.now());
        to.run(SECOND / 2);
    }

    private boolean storedBy(String node) {
        boolean[] stored = new boolean[1];
        registry.read(List.of("/relay/sim/t/" + ID)).thenAccept(seen -> {
            TunnelRecord record = RecordText.parse(ID, seen.entries().get(0));
            stored[0] = record != null && record.stored().node().equals(node);
        });
        return stored[0];
    }

    /** Returns a list to which the key of each claim is added that is deleted from now on. */
    private List<String> deletedClaims() {
        List<String> deleted = new ArrayList<>();
        registry.readAll("/relay/sim/c/")
                .thenAccept(now ->
                        registry.watch(List.of("/relay/sim/c/"), now.revision(), new RegistryStore.Watcher() {
                            @Override
                            public void changed(long revision, Collection<Change> changes) {
                                for (Change each : changes) {
                                    if (each.entry() == null) deleted.add(each.key());
                                }
                            }

                            @Override
                            public void ended(RegistryException why) {}
                        }));
        return deleted;
    }

    private void write(String key, String value) {
        registry.commit(Transaction.NONE.put("/relay/sim/" + key, value, 0))
                .toCompletableFuture()
                .join();
    }

    @Test
    void aRouteNamesACertainEndpoint() {
        OneNode a = joined("a");
        write("n/x", "node incarnation=x peer=h/1 loops=1 version=1 state=SERVING");
        for (String any : List.of("tcp/0", "udp/0", "host/0")) {
            write("r/" + any + "/x", "route tunnel=" + ID + " epoch=5 loop=0");
        }
        write("r/" + ENDPOINT + "/x", "route tunnel=" + ID + " epoch=5 loop=0");
        a.run(SECOND);
        assertEquals(List.of("CONNECTED", "node x", "routes " + ENDPOINT + " [x]"), a.events);
        assertEquals(Set.of(ENDPOINT), a.get(a.node.everyRoute()).keySet());
    }

    @Test
    void anEntryThatIsTooLongIsIgnored() {
        OneNode a = joined("a");
        String text = "node incarnation=x peer=h/1 loops=1 version=1 state=SERVING";
        write("n/x", text);
        a.run(SECOND);
        assertEquals(1, a.node.nodes().size());
        try (Logged log = Logged.below(ClusterNode.class.getName())) {
            a.store.lengthen("/relay/sim/n/x");
            write("n/x", text + " x=1"); // a change
            a.run(SECOND);
            assertEquals(List.of(), a.node.nodes());
            a.store.endWatch(); // all is read anew
            a.run(SECOND);
            assertEquals(List.of(), a.node.nodes());
            String line = log.lines("WARN").get(0);
            assertTrue(line.endsWith("key /relay/sim/n/x... of 14 characters, value of 65537"), line);
        }
        a.store.lengthen("");
        write("n/x", text);
        a.run(SECOND);
        assertEquals(1, a.node.nodes().size());
    }

    @Test
    void aNodeThatCannotStoreARouteSaysSo() {
        OneNode a = joined("a");
        a.get(a.node.claim(tunnel(ID, "alice"), ENDPOINT, false));
        try (Logged log = Logged.below(ClusterNode.class.getName())) {
            a.store.unwritable(new RegistryException("no room; make some", null));
            a.node.serve(ID, ENDPOINT, 1);
            a.run(SECOND);
            List<String> expected =
                    List.of("WARN relay server: claims and routes cannot be stored, trying again: no room; make some");
            assertEquals(expected, log.lines("WARN"));
            assertEquals(RegistryState.CONNECTED, a.node.state());
        }
        a.store.unwritable(null);
        a.run(SECOND);
        assertEquals(List.of("a"), nodesOf(joined("b")));
    }

    @Test
    void aNodeThatCannotReadTheStoreSaysSo() {
        OneNode a = joined("a");
        a.run(6 * SECOND);
        try (Logged log = Logged.below(ClusterNode.class.getName())) {
            a.store.unreadable(new RegistryException("an answer of more than 7 bytes", null));
            a.store.endWatch();
            a.run(10 * SECOND);
            String line = log.lines("WARN").get(0);
            assertTrue(line.endsWith("trying again: an answer of more than 7 bytes"), line);
            assertEquals(RegistryState.CONNECTED, a.node.state());
            assertTrue(
                    a.node.status().watchLag() > 9 * SECOND,
                    "lag " + a.node.status().watchLag());
            OneNode b = new OneNode(time, registry, "b", "b-1");
            b.store.unreadable(new RegistryException("an answer of more than 7 bytes", null));
            String why = String.valueOf(b.failure(b.node.join()).getMessage());
            assertTrue(why.endsWith("within 15 s: an answer of more than 7 bytes"), why);
        }
        a.store.unreadable(null);
        a.run(10 * SECOND);
        assertTrue(a.node.status().watchLag() < SECOND, "lag " + a.node.status().watchLag());
        assertEquals(List.of("b"), a.node.nodes().stream().map(NodeInfo::name).toList());
    }
}
