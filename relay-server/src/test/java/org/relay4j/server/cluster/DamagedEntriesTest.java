package org.relay4j.server.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.server.cluster.SimulatedTime.SECOND;

import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.relay4j.api.Endpoint;
import org.relay4j.server.registry.Entry;
import org.relay4j.server.registry.MemoryRegistryStore;
import org.relay4j.server.registry.Transaction;

/** What a node makes of entries that no node has written like that. */
class DamagedEntriesTest {
    private static final String ID = "0123456789abcdef0123456789abcdef";
    private static final String OTHER = "fedcba9876543210fedcba9876543210";
    private static final Endpoint ENDPOINT = Endpoint.port(20_001);
    private static final String ROOT = "/relay/sim/";
    private static final String STRANGER = "node incarnation=x peer=h/1 loops=1 version=1 state=SERVING";

    private final SimulatedTime time = new SimulatedTime(1);
    private final MemoryRegistryStore registry = OneNode.registry(time);

    private OneNode joined(String name) {
        OneNode node = new OneNode(time, registry, name, name + "-1");
        node.get(node.node.join());
        return node;
    }

    private static TunnelRecord tunnel(String id) {
        return TunnelRecord.of(id, "alice", true, "text");
    }

    private static void serve(OneNode node) {
        node.get(node.node.claim(tunnel(ID), ENDPOINT, false));
        node.node.serve(ID, ENDPOINT, 1);
        node.run(SECOND);
    }

    private void put(String key, String value, long lease) {
        var unused = registry.commit(Transaction.NONE.put(ROOT + key, value, lease));
    }

    private @Nullable Entry entry(String key) {
        AtomicReference<@Nullable Entry> found = new AtomicReference<>();
        registry.read(List.of(ROOT + key)).thenAccept(seen -> found.set(seen.find(ROOT + key)));
        return found.get();
    }

    private Entry existing(String key) {
        Entry entry = entry(key);
        assertNotNull(entry, key);
        return entry;
    }

    private static List<String> problems(OneNode node) {
        return node.events.stream().filter(each -> each.startsWith("problem")).toList();
    }

    // ---- the entry of the node itself

    @Test
    void theEntryOfARunningNodeIsReplaced() {
        OneNode a = joined("a");
        OneNode b = joined("b");
        serve(a);
        a.events.clear();
        b.events.clear();
        put("n/a", "garbage", 0);
        a.run(2 * SECOND);
        assertNotNull(NodeText.parse("a", existing("n/a").value()));
        assertEquals(List.of("problem: the entry of this node, /relay/sim/n/a, is damaged; it is replaced"), a.events);
        assertEquals(List.of("problem: the entry of node a is damaged"), b.events); // and its routes stay
        assertEquals(
                List.of("a"), b.node.routes(ENDPOINT).stream().map(Route::node).toList());
        a.get(a.node.claim(tunnel(OTHER), Endpoint.port(20_002), false));
        a.run(60 * SECOND);
        assertEquals(RegistryState.CONNECTED, a.node.state());
        assertTrue(existing("n/a").lease() > 0);
    }

    @Test
    void theEntryIsReplacedWhenANodeJoins() {
        put("n/a", "garbage", 0);
        OneNode a = joined("a");
        assertNotNull(NodeText.parse("a", existing("n/a").value()));
        assertEquals(1, problems(a).size(), a.events.toString());
    }

    @Test
    void theEntryIsReplacedThatIsDamagedAgainAndAgainWhileTheNodeWrites() {
        OneNode a = joined("a");
        for (int i = 0; i < 200; i++) {
            put("n/a", "garbage " + i, 0);
            a.run(SECOND / 1_000);
        }
        a.run(SECOND);
        assertNotNull(NodeText.parse("a", existing("n/a").value()));
        assertEquals(RegistryState.CONNECTED, a.node.state());
    }

    // ---- epochs

    @Test
    void anEpochThatCouldOverflowIsDamage() {
        Entry entry = new Entry("key", "claim tunnel=" + ID + " owner=- node=a/1 epoch=", 7, 0);
        for (String each : List.of("900000000000000001", "999999999999999999", "9223372036854775807", "-1", "0", "x")) {
            assertNull(ClaimText.of(new Entry("key", entry.value() + each, 7, 0)), each);
        }
        ClaimText greatest = ClaimText.of(new Entry("key", entry.value() + "900000000000000000", 7, 0));
        assertEquals(Epoch.MOST, greatest == null ? 0 : greatest.epoch());
        assertEquals(Epoch.MOST, Epoch.after(Epoch.MOST, 8));
        assertNull(RouteText.of(new Entry("key", "route tunnel=" + ID + " epoch=900000000000000001 loop=0", 7, 0)));
    }

    @Test
    void aRecordWithAnEpochThatCouldOverflowIsReplaced() {
        OneNode a = joined("a");
        OneNode b = joined("b");
        serve(a);
        Entry record = existing("t/" + ID);
        put(
                "t/" + ID,
                record.value().replaceFirst("endpoints=1", "endpoints=1 epoch=999999999999999999"),
                record.lease());
        assertTrue(b.get(b.node.find(ID)).isEmpty());
        b.run(70 * SECOND); // it is compared once a minute
        long before = a.node.epoch(ID, ENDPOINT);
        b.get(b.node.take(b.get(b.node.find(ID)).orElseThrow(), "new"));
        b.node.serve(ID, ENDPOINT, 1);
        b.run(200 * SECOND);
        assertTrue(b.node.epoch(ID, ENDPOINT) > before);
        assertTrue(b.node.mayServe(ID, ENDPOINT, time.now()));
        assertFalse(a.node.mayServe(ID, ENDPOINT, time.now()));
    }

    // ---- claims

    @Test
    void theNodeThatServesAnEndpointReplacesItsClaim() {
        OneNode a = joined("a");
        serve(a);
        long epoch = a.node.epoch(ID, ENDPOINT);
        put("c/" + ENDPOINT, "garbage", 0);
        a.run(70 * SECOND);
        assertTrue(a.events.stream().noneMatch(each -> each.startsWith("lost")), a.events.toString());
        ClaimText claim = ClaimText.of(existing("c/" + ENDPOINT));
        assertEquals(epoch, claim == null ? 0 : claim.epoch());
        assertTrue(existing("c/" + ENDPOINT).lease() > 0);
    }

    @Test
    void theEntryOfAClaimThatCannotBeReadIsNamed() {
        OneNode a = joined("a");
        put("c/" + ENDPOINT, "garbage", 0);
        Throwable why = a.failure(a.node.claim(tunnel(ID), ENDPOINT, false));
        assertInstanceOf(EndpointTakenException.class, why);
        assertEquals(
                "tcp/20001 cannot be claimed: entry /relay/sim/c/tcp/20001 of the store is damaged; delete it",
                why.getMessage());
    }

    // ---- names and numbers

    @Test
    void keysThatNameNoNodeAreIgnored() {
        OneNode a = joined("a");
        put("n/evil\nWARN forged line", STRANGER, 0);
        put("n/a/b", STRANGER, 0);
        put("n/", STRANGER, 0);
        put("r/" + ENDPOINT + "/evil\nWARN", "route tunnel=" + ID + " epoch=5 loop=0", 0);
        a.run(2 * SECOND);
        assertEquals(List.of(), a.node.nodes());
        assertEquals(0, a.get(a.node.everyRoute()).size());
        assertEquals(List.of("CONNECTED"), a.events);
    }

    @Test
    void aNodeWithMoreLoopsThanAServerCanHaveIsNone() {
        assertNotNull(NodeText.parse("n", STRANGER.replace("loops=1", "loops=1024")));
        assertNull(NodeText.parse("n", STRANGER.replace("loops=1", "loops=1025")));
    }

    @Test
    void furtherNodesAndRoutesAreIgnoredAndReported() {
        OneNode a = new OneNode(time, registry, OneNode.settings("a").limits(new View.Limits(2, 3)));
        a.get(a.node.join());
        for (int i = 0; i < 5; i++) put("n/x" + i, STRANGER, 0);
        for (int i = 0; i < 5; i++) put("r/tcp/" + (1_000 + i) + "/x0", "route tunnel=" + ID + " epoch=5 loop=0", 0);
        a.run(SECOND);
        assertEquals(2, a.node.nodes().size());
        assertEquals(3, a.get(a.node.everyRoute()).size());
        assertTrue(
                problems(a).contains("problem: there are more than 2 nodes; node x4 is ignored"), a.events.toString());
        assertTrue(
                problems(a).contains("problem: there are more than 3 routes; /relay/sim/r/tcp/1004/x0 is ignored"),
                a.events.toString());
        serve(a); // its own are no part of that
        assertEquals(4, a.get(a.node.everyRoute()).size());
        var unused = registry.commit(Transaction.NONE.delete(ROOT + "r/tcp/1000/x0"));
        put("r/tcp/1004/x0", "route tunnel=" + ID + " epoch=5 loop=0", 0);
        a.run(SECOND);
        assertEquals(1, a.node.routes(Endpoint.port(1_004)).size());
    }
}
