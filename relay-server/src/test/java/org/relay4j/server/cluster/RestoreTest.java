package org.relay4j.server.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.server.cluster.SimulatedTime.SECOND;

import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.relay4j.api.Endpoint;
import org.relay4j.server.registry.Entry;
import org.relay4j.server.registry.MemoryRegistryStore;
import org.relay4j.server.registry.RegistryUnavailableException;
import org.relay4j.server.registry.Transaction;

/** What nodes make of a store that was restored from a backup while they went on. */
class RestoreTest {
    private static final String ID = "0123456789abcdef0123456789abcdef";
    private static final String OTHER = "fedcba9876543210fedcba9876543210";
    private static final Endpoint ENDPOINT = Endpoint.port(20_001);

    private final SimulatedTime time = new SimulatedTime(1);
    private final MemoryRegistryStore registry = OneNode.registry(time);
    private final OneNode a = joined("a");
    private final OneNode b = joined("b");

    private OneNode joined(String name) {
        OneNode node = new OneNode(time, registry, name, name + "-1");
        node.get(node.node.join());
        return node;
    }

    private static TunnelRecord tunnel(String id, String owner) {
        return TunnelRecord.of(id, owner, true, "text");
    }

    private static void serve(OneNode node, String id, String owner) {
        node.get(node.node.claim(tunnel(id, owner), ENDPOINT, false));
        node.node.serve(id, ENDPOINT, 1);
        node.run(SECOND);
    }

    private List<Entry> entries(String kind) {
        AtomicReference<List<Entry>> found = new AtomicReference<>(List.of());
        registry.readAll("/relay/sim/" + kind).thenAccept(seen -> found.set(seen.entries()));
        return found.get();
    }

    private static boolean isLost(OneNode node) {
        return node.events.stream().anyMatch(each -> each.startsWith("lost"));
    }

    /** a has had the endpoint before b, and the backup is from that time. */
    private void restoreAClaimOfANodeThatHasGivenItBack() {
        serve(a, ID, "alice");
        Runnable backup = registry.backup();
        a.node.release(ID);
        a.run(SECOND);
        serve(b, OTHER, "bob");
        backup.run();
    }

    @Test
    void theTunnelThatServesAnEndpointKeepsItAgainstAnOlderClaim() {
        restoreAClaimOfANodeThatHasGivenItBack();
        b.run(10 * SECOND);
        assertFalse(isLost(b), b.events.toString());
        assertTrue(b.node.mayServe(OTHER, ENDPOINT, time.now()));
        ClaimText claim = ClaimText.of(entries("c/").get(0));
        assertTrue(claim != null && claim.tunnel().equals(OTHER), entries("c/").toString());
        assertEquals(
                List.of("b"), a.node.routes(ENDPOINT).stream().map(Route::node).toList());
    }

    @Test
    void whatABackupBringsBackIsReleasedByTheNodeThatRenewsItsLease() {
        restoreAClaimOfANodeThatHasGivenItBack();
        b.run(130 * SECOND);
        assertEquals(
                List.of("/relay/sim/t/" + OTHER),
                entries("t/").stream().map(Entry::key).toList());
        assertEquals(
                List.of("/relay/sim/r/" + ENDPOINT + "/b"),
                entries("r/").stream().map(Entry::key).toList());
    }

    @Test
    void anEndpointThatABackupBringsBackIsFreeAgain() {
        serve(a, ID, "alice");
        Runnable backup = registry.backup();
        a.node.release(ID);
        a.run(SECOND);
        backup.run();
        a.run(SECOND);
        assertInstanceOf(EndpointTakenException.class, b.failure(b.node.claim(tunnel(OTHER, "bob"), ENDPOINT, false)));
        a.run(130 * SECOND);
        assertEquals(List.of(), entries("t/"));
        assertEquals(List.of(), entries("c/"));
        assertEquals(List.of(), entries("r/"));
        b.get(b.node.claim(tunnel(OTHER, "bob"), ENDPOINT, false));
    }

    @Test
    void aRestoreThatNoNodeHasNoticedIsCleanedUp() {
        serve(a, ID, "alice");
        List<Entry> before = entries("");
        a.node.release(ID);
        a.run(SECOND);
        for (Entry each : before) { // with newer revisions, so that nothing suggests a restore
            if (!each.key().startsWith("/relay/sim/n/")) put(each.key(), each.value(), each.lease());
        }
        a.run(20 * 60 * SECOND);
        assertEquals(List.of(), entries("t/"));
        assertEquals(List.of(), entries("c/"));
        assertEquals(List.of(), entries("r/"));
    }

    private void put(String key, String value, long lease) {
        var unused = registry.commit(Transaction.NONE.put(key, value, lease));
    }

    @Test
    void anEndpointIsNotFreeBecauseABackupIsOlderThanItsClaim() {
        Runnable backup = registry.backup();
        serve(a, ID, "alice");
        b.run(SECOND);
        assertEquals(1, b.node.routes(ENDPOINT).size());
        a.store.cut(true); // so that it puts its claim again only later
        backup.run();
        b.run(10 * SECOND);
        assertEquals(0, b.node.routes(ENDPOINT).size());
        assertFalse(b.events.contains("free " + ENDPOINT), b.events.toString());
        a.store.cut(false);
        b.run(10 * SECOND);
        assertEquals(1, b.node.routes(ENDPOINT).size());
    }

    @Test
    void routesThatTheWatchHasNotShownAreFoundByTheNextComparison() {
        serve(b, ID, "alice");
        Endpoint another = Endpoint.port(20_002);
        b.get(b.node.claim(tunnel(ID, "alice"), another, false));
        a.run(15 * SECOND); // the comparison that follows each watch is over
        a.store.deaf(true);
        b.node.unserve(ID, ENDPOINT);
        b.node.serve(ID, another, 1);
        b.run(SECOND / 5);
        a.store.deaf(false);
        b.run(60 * SECOND);
        assertEquals(1, a.node.routes(ENDPOINT).size()); // nothing has told it
        assertEquals(0, a.node.routes(another).size());
        b.run(10 * 60 * SECOND);
        assertEquals(0, a.node.routes(ENDPOINT).size());
        assertEquals(1, a.node.routes(another).size());
        assertEquals(RegistryState.CONNECTED, a.node.state());
    }

    @Test
    void changesThatANodeHasMissedBecauseItReadTheHistoryBeforeAreFoundSoon() {
        Runnable backup = registry.backup();
        advance(100);
        a.store.whenRead(
                "/relay/sim/n/",
                () -> { // the answers are under way
                    backup.run();
                    put("/relay/sim/r/" + ENDPOINT + "/b", new RouteText(ID, 1, 1).toString(), 0);
                    advance(200); // so that nothing suggests a restore
                });
        a.store.endWatch();
        a.run(SECOND);
        assertEquals(0, a.node.routes(ENDPOINT).size());
        a.run(12 * SECOND);
        assertEquals(1, a.node.routes(ENDPOINT).size());
    }

    @Test
    void aWatchThatGoesOnInAnotherHistoryIsReplacedSoon() {
        Runnable backup = registry.backup();
        advance(1_000);
        a.run(15 * SECOND); // it has seen the revisions, and the comparison that follows each watch is over
        a.store.deaf(true);
        backup.run();
        a.store.deaf(false);
        serve(b, ID, "alice");
        a.run(6 * SECOND);
        assertEquals(1, a.node.routes(ENDPOINT).size());
    }

    private void advance(int revisions) {
        for (int i = 0; i < revisions; i++) put("/elsewhere", "so that revisions grow", 0);
    }

    @Test
    void aClientThatComesBackInTimeKeepsATunnelOfTheBackup() {
        serve(a, ID, "alice");
        Runnable backup = registry.backup();
        a.node.release(ID);
        a.run(SECOND);
        backup.run();
        a.run(30 * SECOND);
        a.get(a.node.take(a.get(a.node.find(ID)).orElseThrow(), "new"));
        a.node.serve(ID, ENDPOINT, 1);
        a.run(20 * 60 * SECOND);
        assertFalse(isLost(a), a.events.toString());
        assertEquals(1, entries("c/").size());
        assertEquals(1, entries("r/").size());
    }

    @Test
    void aClaimThatCannotHaveBeenRenewedGivesWayToAnyOther() {
        serve(a, ID, "alice");
        Runnable backup = registry.backup();
        advance(1_000); // so that epochs are ahead of the backup
        a.get(a.node.take(aged(), "new"));
        assertTrue(a.node.epoch(ID, ENDPOINT) > 1_000);
        backup.run();
        a.run(5 * SECOND);
        b.events.clear();
        a.store.cut(true);
        a.run(11 * 60 * SECOND); // its claims have ended
        b.get(b.node.claim(tunnel(OTHER, "bob"), ENDPOINT, false));
        b.node.serve(OTHER, ENDPOINT, 1);
        assertTrue(b.node.epoch(OTHER, ENDPOINT) < a.node.epoch(ID, ENDPOINT));
        a.store.cut(false);
        a.run(10 * SECOND);
        assertTrue(a.events.contains("lost " + ENDPOINT + ": " + LossReason.CONFLICT.text()), a.events.toString());
        assertFalse(isLost(b), b.events.toString());
    }

    /** Returns the tunnel of a, which b has taken meanwhile. */
    private TunnelRecord aged() {
        b.get(b.node.take(b.get(b.node.find(ID)).orElseThrow(), "b"));
        a.run(SECOND);
        b.events.clear();
        return a.get(a.node.find(ID)).orElseThrow();
    }

    @Test
    void aTunnelWhoseClaimIsMissingIsSharedWhenItsNodeHasPutItAgain() {
        serve(a, ID, "alice");
        var unused = registry.commit(Transaction.NONE.delete("/relay/sim/c/" + ENDPOINT));
        TunnelRecord seen = b.get(b.node.find(ID)).orElseThrow();
        assertInstanceOf(RegistryUnavailableException.class, b.failure(b.node.share(seen, "new")));
        b.run(130 * SECOND); // a has compared it
        assertFalse(isLost(a), a.events.toString());
        TunnelRecord shared = b.get(b.node.share(b.get(b.node.find(ID)).orElseThrow(), "new"));
        assertEquals(List.of(ENDPOINT), shared.endpoints());
    }

    @Test
    void aNodeThatWasRestartedSinceTheBackupKeepsItsTunnels() {
        Runnable backup = registry.backup();
        a.store.cut(true); // it has ended
        OneNode next = new OneNode(time, registry, "a", "a-2");
        next.get(next.node.join());
        serve(next, ID, "alice");
        backup.run(); // with the entry of the process before
        next.run(2 * SECOND); // before the lease of that process has ended
        assertFalse(isLost(next), next.events.toString());
        assertTrue(entries("n/").get(0).value().contains("a-2"), entries("n/").toString());
        assertEquals(
                List.of("a"), b.node.routes(ENDPOINT).stream().map(Route::node).toList());
        next.run(60 * SECOND);
        assertEquals(RegistryState.CONNECTED, next.node.state());
        assertEquals(1, entries("c/").size());
        assertFalse(isLost(next), next.events.toString());
    }

    @Test
    void whoDisplacesAClaimWithAnEpochThatIsAheadKeepsItAndWhoTakesItThenHasANewerOne() {
        serve(a, ID, "alice");
        Runnable backup = registry.backup();
        advance(1_000); // so that epochs are ahead of the backup
        a.get(a.node.take(aged(), "new"));
        long ahead = a.node.epoch(ID, ENDPOINT);
        backup.run();
        a.run(5 * SECOND);
        b.events.clear();
        EndpointTakenException taken =
                (EndpointTakenException) b.failure(b.node.claim(tunnel(OTHER, "alice"), ENDPOINT, true));
        b.get(b.node.displace(tunnel(OTHER, "alice"), taken, true));
        b.node.serve(OTHER, ENDPOINT, 1);
        assertEquals(ahead + 1, b.node.epoch(OTHER, ENDPOINT));
        b.run(200 * SECOND);
        assertFalse(isLost(b), b.events.toString());
        assertFalse(a.node.mayServe(ID, ENDPOINT, time.now()));
        a.get(a.node.take(a.get(a.node.find(OTHER)).orElseThrow(), "new"));
        assertTrue(a.node.epoch(OTHER, ENDPOINT) > ahead + 1, "it is " + a.node.epoch(OTHER, ENDPOINT));
    }
}
