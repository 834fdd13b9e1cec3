package org.relay4j.benchmarks.cluster;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.benchmarks.load.Arguments;
import org.relay4j.testing.FixedPort;

/**
 * A small run of each kind: that the measurement works. It is no measurement: on a machine that is busy with other things, operations may
 * take long, and a part may fail to keep its rate. So nothing is asserted that depends on that; each operation has 30 seconds.
 */
@Timeout(300)
@Tag("peers") // needs an address for each node, which only Linux has
class ClusterLoadIT {
    @TempDir
    Path folder;

    @Test
    void nodesWithTheStandInServeTunnelsThatComeAndGo() throws Exception {
        check("standin");
    }

    @Test
    void nodesWithEtcdServeTunnelsThatComeAndGo() throws Exception {
        check("etcd");
    }

    private void check(String store) throws Exception {
        Plan plan = plan("--store", store, "--tunnels", "30", "--rates", "5", "--warm", "2", "--secs", "3");
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        List<Result> results = ClusterLoad.run(plan, new PrintStream(bytes, true, UTF_8));
        String json = bytes.toString(UTF_8);
        assertEquals(
                List.of("start", "fill", "link", "idle", "churn 5"),
                results.stream().map(Result::run).toList(),
                json);
        assertEquals(30, results.get(1).number("claim_number"), json);
        Result churn = results.get(4);
        assertEquals(0, churn.number("foreign"), json);
        for (String times : List.of("claim", "all_accept", "all_serve", "visit")) {
            assertTrue(churn.number(times + "_number") > 0, json);
            assertTrue(churn.number(times + "_p50_ms") > 0, json);
        }
        assertTrue(churn.number("cores_store") >= 0 && churn.number("rss_mib_node_mean") > 1, json);
        assertEquals(json, Files.readString(folder.resolve("results.jsonl")));
        assertTrue(Files.readString(folder.resolve("table.md")).contains("| churn 5 |"));
        assertTrue(Files.exists(folder.resolve("warnings.txt")));
    }

    @Test
    void tunnelsOfANodeThatIsKilledServeAgainAtAnotherOne() throws Exception {
        Plan plan =
                plan("--store", "standin", "--tunnels", "30", "--rates", "0", "--kill", "--warm", "2", "--secs", "3");
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        List<Result> results = ClusterLoad.run(plan, new PrintStream(bytes, true, UTF_8));
        String json = bytes.toString(UTF_8);
        Result kill = results.stream()
                .filter(result -> result.run().equals("kill"))
                .findAny()
                .orElse(null);
        assertNotNull(kill, json);
        assertTrue(kill.number("killed_tunnels") > 0, json);
        assertEquals(kill.number("killed_tunnels"), kill.number("back_number") + kill.number("back_errors"), json);
        assertTrue(kill.number("back_p99_ms") > 0, json);
        assertTrue(kill.number("noticed_number") > 0, json);
        assertTrue(kill.number("granted_number") > 0, json);
        assertTrue(kill.number("noticed_p50_ms") < kill.number("granted_max_ms"), json);
        assertTrue(kill.number("most_at_one_node") > 0, json);
        assertEquals(0, kill.number("foreign"), json);
    }

    @Test
    void sizesOutOfRangeAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> plan("--nodes", "0"));
        assertThrows(IllegalArgumentException.class, () -> plan("--tunnels", "20000"));
        assertThrows(IllegalArgumentException.class, () -> plan("--store", "zookeeper"));
        assertThrows(IllegalArgumentException.class, () -> plan("--rates", "10,-1"));
        assertThrows(IllegalArgumentException.class, () -> plan("--nodes", "1", "--kill"));
        assertThrows(IllegalArgumentException.class, () -> plan("--node", "3"));
    }

    private Plan plan(String... words) throws Exception {
        int free = FixedPort.range(204);
        List<String> all = new ArrayList<>(List.of("--relay", System.getProperty("relay.jar")));
        all.addAll(List.of("--control", "" + free, "--ports", (free + 4) + "-" + (free + 203)));
        all.addAll(List.of("--visitors", "5", "--out", folder.toString()));
        all.addAll(List.of(words));
        return new Plan(new Arguments(all.toArray(new String[0]), 0));
    }
}
