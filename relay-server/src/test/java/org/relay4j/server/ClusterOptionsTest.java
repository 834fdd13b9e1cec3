package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.relay4j.server.registry.MemoryRegistryStore;

/** What a node needs to know, and what it must not have. */
class ClusterOptionsTest {
    private static ClusterOptions.Builder node() {
        return ClusterOptions.builder()
                .store(new MemoryRegistryStore(System::nanoTime, Runnable::run))
                .node("n1")
                .peerAddress(new InetSocketAddress(7002))
                .peerCertificate(Path.of("cert"), Path.of("key"), Path.of("ca"));
    }

    private static void assertRejected(String part, Runnable build) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, build::run);
        assertTrue(String.valueOf(e.getMessage()).contains(part), e::getMessage);
    }

    @Test
    void missingOrMalformedValuesAreNamed() {
        assertRejected("set store", () -> node().store(null).build());
        assertRejected(
                "set peerAddress",
                () -> node().peerAddress(new InetSocketAddress(0)).build());
        assertRejected(
                "set peerCertificate",
                () -> ClusterOptions.builder()
                        .store(new MemoryRegistryStore(System::nanoTime, Runnable::run))
                        .node("n1")
                        .peerAddress(new InetSocketAddress(7002))
                        .build());
        assertRejected("name of the node is ''", () -> node().node("").build());
        assertRejected("name of the cluster is 'a b'", () -> node().name("a b").build());
        assertRejected(
                "drainDelay", () -> node().drainDelay(Duration.ofMinutes(11)).build());
        assertRejected(
                "drainDelay", () -> node().drainDelay(Duration.ofSeconds(-1)).build());
    }

    @Test
    void othersReachANodeAtItsAddressOrByItsName() throws UnknownHostException {
        assertEquals("n1:7002", text(node().build()));
        assertEquals(
                "127.0.0.1:7003",
                text(node().peerAddress(
                                new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), 7003))
                        .build()));
        assertEquals(
                "relay-1.example.com:9",
                text(node().advertisedAddress(InetSocketAddress.createUnresolved("relay-1.example.com", 9))
                        .build()));
    }

    private static String text(ClusterOptions options) {
        InetSocketAddress address = options.advertisedAddress();
        return address.getHostString() + ":" + address.getPort();
    }

    @Test
    void serverOfAClusterNeedsARangeAndKeepsNothingByItself() {
        ClusterOptions cluster = node().build();
        RelayServerOptions.Builder options =
                RelayServerOptions.builder().extended(true).cluster(cluster);
        assertRejected("set publicPorts", options::build);
        options.publicPorts(20_000, 20_009);
        assertSame(cluster, options.build().toBuilder().build().cluster());
        assertRejected(
                "remove stateFile", () -> options.stateFile(Path.of("state")).build());
        options.stateFile(null);
        assertRejected("remove stickyPorts", () -> options.stickyPorts(true).build());
    }

    @Test
    void unknownStoreIsRejectedWithThoseThatAreInstalled() {
        // a mistyped address may have a password
        assertRejected("begins with 'redis'", () -> ClusterOptions.openStore("redis:x", name -> null));
        assertRejected("has no colon", () -> ClusterOptions.openStore("etcd", name -> null));
        String secret = "postgres://user:secret@host";
        IllegalArgumentException e =
                assertThrows(IllegalArgumentException.class, () -> ClusterOptions.openStore(secret, name -> null));
        assertFalse(e.getMessage().contains("secret"), e::getMessage);
        assertRejected("must begin with the name of a store", () -> ClusterOptions.openStore("etcd", name -> null));
    }
}
