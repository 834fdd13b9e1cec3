package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.relay4j.server.ClusterOptions;
import org.relay4j.server.RelayServerOptions;

/** The options of a server that is a node of a cluster. Nothing connects to the store. */
class ClusterArgumentsTest {
    private static final List<String> NODE = List.of(
            "--public-ports=20000-20009",
            "--cluster=etcd:http://127.0.0.1:2379",
            "--node=n1",
            "--peer=:7002",
            "--peer-cert=n1.pem",
            "--peer-key=n1.key",
            "--peer-ca=ca.pem",
            "7000");

    private static RelayServerOptions options(List<String> args, Map<String, String> environment) {
        RelayServerOptions.Builder options = RelayServerOptions.builder().publicPorts(20_000, 20_009);
        RelayServerOptions built = new ClusterArguments(Arguments.of(args, environment)).complete(options, null);
        ClusterArguments.close(built);
        return built;
    }

    private static List<String> with(String... others) {
        List<String> all = new ArrayList<>(NODE);
        for (String other : others) all.removeIf(each -> each.startsWith(other.replaceFirst("=.*", "") + "="));
        all.addAll(0, Arrays.asList(others));
        return all;
    }

    private static List<String> without(String option) {
        return NODE.stream().filter(each -> !each.startsWith(option + "=")).toList();
    }

    private static void assertRejected(String part, List<String> args) {
        CommandFailure e = assertThrows(CommandFailure.class, () -> options(args, Map.of()));
        assertEquals(ExitCode.USAGE, e.code());
        assertTrue(e.getMessage().contains(part), e::getMessage);
    }

    @Test
    void node() {
        ClusterOptions cluster =
                options(with("--cluster-name=c", "--drain-delay=20s"), Map.of()).cluster();
        assertNotNull(cluster);
        assertEquals("c", cluster.name());
        assertEquals("n1", cluster.node());
        assertEquals(7002, cluster.peerAddress().getPort());
        assertTrue(cluster.peerAddress().getAddress().isAnyLocalAddress());
        assertEquals("n1", cluster.advertisedAddress().getHostString());
        assertEquals("n1.pem", cluster.certificates().toString());
        assertEquals("n1.key", cluster.key().toString());
        assertEquals("ca.pem", cluster.authority().toString());
        assertEquals(Duration.ofSeconds(20), cluster.drainDelay());
    }

    @Test
    void addresses() {
        ClusterOptions cluster = options(with("--peer=127.0.0.1:7003", "--peer-advertise=[2001:db8::1]:7004"), Map.of())
                .cluster();
        assertNotNull(cluster);
        assertEquals("127.0.0.1", cluster.peerAddress().getAddress().getHostAddress());
        assertEquals("2001:db8::1", cluster.advertisedAddress().getHostString());
        assertEquals(7004, cluster.advertisedAddress().getPort());
        assertRejected("it must be an address and a port, such as 10.0.0.1:7002", with("--peer=7002"));
        assertRejected("it must be a port number, 1 to 65535", with("--peer=:0"));
        assertRejected("it must be a host and a port", with("--peer-advertise=:7002"));
        assertRejected("it must be a host and a port", with("--peer-advertise=2001:db8::1"));
        assertRejected("it must be an address and a port", with("--peer=::1:7002"));
    }

    @Test
    void serverThatRunsKeepsItsStore() {
        ClusterOptions running = options(NODE, Map.of()).cluster();
        RelayServerOptions.Builder options = RelayServerOptions.builder().publicPorts(20_000, 20_009);
        Arguments next = Arguments.of(with("--cluster=no-store:x"), Map.of()); // which would fail if it was opened
        assertSame(
                running, new ClusterArguments(next).complete(options, running).cluster());
        Arguments shorter = Arguments.of(with("--grace-period=5s"), Map.of());
        CommandFailure e =
                assertThrows(CommandFailure.class, () -> new ClusterArguments(shorter).complete(options, running));
        assertTrue(e.getMessage().contains("--grace-period is 5000 ms and --drain-delay is 5000 ms"), e::getMessage);
    }

    @Test
    void singleServer() {
        assertNull(options(List.of("7000"), Map.of("RELAY_NODE", "n1")).cluster());
        assertRejected("--node has no effect without --cluster=<store>", List.of("--node=n1", "7000"));
    }

    @Test
    void missingOptionsAreNamed() {
        assertRejected("needs --public-ports=<min>-<max>, the same range at all nodes", without("--public-ports"));
        assertRejected("needs --peer=<address:port>", without("--peer"));
        assertRejected("needs --peer-cert=<pem>", without("--peer-cert"));
        assertRejected("relay keygen --node=<name> makes it", without("--peer-cert"));
        assertRejected("needs --peer-key=<pem>", without("--peer-key"));
        assertRejected("needs --peer-ca=<pem>", without("--peer-ca"));
    }

    @Test
    void visitorsNeedTimeAfterTheDrainDelay() {
        requireTime("--grace-period=6s");
        requireTime("--grace-period=0s", "--drain-delay=0s");
        assertEquals(
                Duration.ofSeconds(5),
                options(NODE, Map.of()).cluster().drainDelay(),
                "the default that requireTimeFor compares with");
        assertNoTime("--grace-period is 5000 ms and --drain-delay is 5000 ms", "--grace-period=5s");
        assertNoTime("--grace-period is 30000 ms and --drain-delay is 90000 ms", "--drain-delay=90s");
    }

    private static void requireTime(String... options) {
        ServerCommand command = new ServerCommand(
                Arguments.of(with(options), Map.of()), new Output(System.out, System.err, false), new Shutdown());
        ClusterArguments.close(command.options(null));
    }

    private static void assertNoTime(String part, String... options) {
        CommandFailure e = assertThrows(CommandFailure.class, () -> requireTime(options));
        assertTrue(e.getMessage().contains(part), e::getMessage);
    }

    @Test
    void optionsThatANodeCannotHave() {
        assertRejected("--state-file and --cluster are both set", with("--state-file=state"));
        assertRejected("--sticky-ports and --cluster are both set", with("--sticky-ports"));
    }

    @Test
    void malformedValuesAreNamed() {
        assertRejected("--drain-delay is '11m': drainDelay must be at most 10 minutes", with("--drain-delay=11m"));
        assertRejected("--node is 'a b', it must be", with("--node=a b"));
        assertRejected("--cluster-name is '', it must be", with("--cluster-name="));
        assertRejected("the installed stores are: ", with("--cluster=redis:x"));
        assertRejected("cannot use --cluster: ", with("--cluster=etcd:"));
    }
}
