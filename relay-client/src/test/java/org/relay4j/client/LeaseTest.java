package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.relay4j.api.RelayOptionException;
import org.relay4j.api.RelayUnreachableException;
import org.relay4j.testing.Logged;

/** How long a lease is good for, and the file in which it outlives its process. */
class LeaseTest {
    private static final String PURPOSE = "relay.example.com:7000 web-1 RELAY/1 port=5432";

    @TempDir
    Path folder;

    private final AtomicLong clock = new AtomicLong(-5);

    private static Grant grant(String lease, int ttl) {
        return new Grant(4532, null, new Grant.Leased(lease, Duration.ofSeconds(ttl)), 0, Grant.Offers.NONE);
    }

    private LeaseFile file() {
        return new LeaseFile(folder.resolve("lease"), PURPOSE);
    }

    private Lease begin() throws IOException {
        Lease lease = new Lease(file(), clock::get);
        lease.begin();
        return lease;
    }

    @Test
    void serverWaitsFromTheLossOnUntilTheTimeIsOver() {
        Lease lease = new Lease(null, clock::get);
        assertFalse(lease.isWaitedFor());
        lease.granted(grant("secret", 30));
        assertFalse(lease.isWaitedFor(), "it is connected");
        lease.connectionLost();
        assertTrue(lease.isWaitedFor());
        clock.addAndGet(Duration.ofSeconds(30).toNanos() - 1);
        assertTrue(lease.isWaitedFor());
        clock.addAndGet(1);
        assertFalse(lease.isWaitedFor());
        assertEquals("secret", lease.word(), "it is worth a try");
    }

    @Test
    void serverThatShutsDownStartsTheTimeAnewForTenMinutes() {
        Lease lease = new Lease(null, clock::get);
        lease.granted(grant("secret", 30));
        lease.connectionLost();
        for (int seconds = 0; seconds < 600; seconds += 20) {
            clock.addAndGet(Duration.ofSeconds(20).toNanos());
            assertTrue(lease.isWaitedFor());
            lease.serverDrains();
        }
        clock.addAndGet(Duration.ofSeconds(10).toNanos());
        assertFalse(lease.isWaitedFor(), "the last answer came 10 minutes after the loss");
        lease.connectionLost();
        assertTrue(lease.isWaitedFor());
    }

    @Test
    void idOfTheTunnelIsThePartBeforeTheDot() {
        String id = "0123456789abcdef".repeat(2);
        Lease lease = new Lease(null, clock::get);
        assertNull(lease.tunnel());
        lease.granted(grant(id + ".secret", 30));
        assertEquals(id, lease.tunnel());
        for (String other : List.of("secret", id + "0.secret", id, ".", "secret.0")) {
            lease.granted(grant(other, 30));
            assertNull(lease.tunnel(), "a part of a lease of another form may be secret");
        }
    }

    @Test
    void nothingIsWaitedForWithoutALease() {
        Lease lease = new Lease(null, clock::get);
        lease.connectionLost();
        assertFalse(lease.isWaitedFor());
        lease.granted(grant("secret", 30));
        lease.connectionLost();
        lease.forget();
        assertFalse(lease.isWaitedFor());
        assertNull(lease.word());
    }

    @Test
    void leaseWithoutTimeServesOnlyToJoin() throws IOException {
        Lease lease = begin();
        lease.granted(grant("secret", 0));
        assertEquals("secret", lease.word());
        assertNull(lease.lastingWord());
        assertNull(file().read());
        lease.connectionLost();
        assertFalse(lease.isWaitedFor());
    }

    @Test
    void serverThatKeepsTheTunnelForHoursIsNotUrgentForHours() {
        Lease lease = new Lease(null, clock::get);
        lease.granted(grant("secret", 36_000));
        lease.connectionLost();
        clock.addAndGet(Duration.ofSeconds(60).toNanos() - 1);
        assertTrue(lease.isWaitedFor());
        clock.addAndGet(1);
        assertFalse(lease.isWaitedFor());
        assertEquals("secret", lease.lastingWord(), "it resumes the tunnel all the same");
    }

    @Test
    void neverShown() {
        Lease lease = new Lease(null, clock::get);
        lease.granted(grant("secret", 30));
        assertFalse((lease + " " + grant("secret", 30)).contains("secret"));
    }

    // ---- the file

    @Test
    void fileKeepsTheNewestLease() throws IOException {
        Lease first = begin();
        assertNull(first.word());
        first.granted(grant("one", 30));
        assertEquals("one", file().read());
        first.granted(grant("two", 30));
        first.end();
        Lease second = begin();
        assertEquals("two", second.lastingWord());
        second.forget();
        assertNull(file().read());
        try (var left = Files.list(folder)) {
            assertEquals(List.of(folder.resolve("lease.lock")), left.toList());
        }
    }

    @Test
    void whatAKilledProcessHasLeftIsReplaced() throws IOException {
        Files.writeString(folder.resolve("lease.new"), "half of");
        file().write("one");
        assertEquals("one", file().read());
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void onlyTheOwnerMayReadIt() throws IOException {
        file().write("one");
        assertEquals(
                "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("lease"))));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "#\nfor " + PURPOSE,
                "#\nfor " + PURPOSE + "\nlease ",
                "#\nfor " + PURPOSE + "\nlease a b",
                "#\nfor " + PURPOSE + "\nlease a\nmore",
                "\u0000\u0001"
            })
    void malformedFileIsReportedAndNotUsed(String content) throws IOException {
        Files.writeString(folder.resolve("lease"), content);
        try (Logged log = Logged.below("org.relay4j.client")) {
            assertNull(file().read());
            assertTrue(log.lines("WARN").get(0).contains("is malformed; asking for a new tunnel"));
        }
    }

    @Test
    void leaseForAnotherTunnelIsNotShown() throws IOException {
        new LeaseFile(folder.resolve("lease"), "another.example.com:7000 RELAY/1").write("one");
        assertNull(file().read());
    }

    @Test
    void leaseOfAnotherTunnelIsNotRemoved() throws IOException {
        Lease lease = begin();
        lease.granted(grant("one", 30));
        file().write("other");
        lease.forget();
        assertEquals("other", file().read());
    }

    @Test
    void leaseThatCameOverTlsIsForTlsOnly() {
        InetSocketAddress server = InetSocketAddress.createUnresolved("relay", 7000);
        RelayClientOptions plain = RelayClientOptions.defaults();
        RelayClientOptions tls = plain.toBuilder().tls(ClientTls.systemTrust()).build();
        assertEquals("relay:7000 plain RELAY/1", Entrance.purpose(server, plain));
        assertEquals("relay:7000 tls RELAY/1", Entrance.purpose(server, tls));
    }

    @Test
    void fileThatCannotBeReadOrWrittenIsReported() throws IOException {
        Path path = folder.resolve("lease");
        Files.createDirectories(path.resolve("in the way"));
        try (Logged log = Logged.below("org.relay4j.client")) {
            Lease lease = begin();
            lease.granted(grant("one", 30));
            assertEquals("one", lease.word(), "it is good for this process");
            log.await("cannot read the lease file");
            log.await("cannot write the lease file");
        }
    }

    @Test
    void fileIsForOneTunnelAtATime() throws IOException {
        Lease first = begin();
        first.granted(grant("one", 30));
        assertTrue(assertThrows(IOException.class, this::begin).getMessage().contains("is in use by another tunnel"));
        Path link = Files.createSymbolicLink(folder.resolveSibling(folder.getFileName() + "-link"), folder);
        LeaseFile same = new LeaseFile(link.resolve("lease"), PURPOSE);
        assertThrows(IOException.class, same::take);
        first.end();
        first.end();
        same.take();
        first.granted(grant("late", 30));
        assertEquals("one", same.read(), "the file belongs to another tunnel by now");
        same.release();
        begin();
        Files.delete(link);
    }

    @Test
    void failedAttemptAndClosedTunnelGiveUpTheFile() throws Exception {
        RelayClientOptions options = RelayClientOptions.builder()
                .leaseFile(folder.resolve("lease"))
                .connectTimeout(Duration.ofSeconds(5))
                .build();
        InetSocketAddress local = new InetSocketAddress("localhost", 80);
        int closed;
        try (ServerSocket socket = new ServerSocket(0)) {
            closed = socket.getLocalPort();
        }
        assertThrows(RelayUnreachableException.class, () -> RelayClient.forward("localhost", closed, local, options));
        assertThrows(RelayUnreachableException.class, () -> RelayClient.connect("localhost", closed, options));
        begin().end();
    }

    @Test
    void placeWhereNoFileCanBeIsRefusedAtOnce() {
        InetSocketAddress local = new InetSocketAddress("localhost", 80);
        for (Path path : List.of(folder, folder.resolve("none").resolve("lease"))) {
            RelayClientOptions options =
                    RelayClientOptions.builder().leaseFile(path).build();
            assertThrows(RelayOptionException.class, () -> RelayClient.connect("localhost", 1, options));
            RelayOptionException failure =
                    assertThrows(RelayOptionException.class, () -> RelayClient.forward("localhost", 1, local, options));
            assertEquals("leaseFile", failure.option());
            assertTrue(failure.getMessage().contains("lease file " + path), failure.getMessage());
        }
    }

    @Test
    void oneFileIsForOneServer() {
        RelayClientOptions options =
                RelayClientOptions.builder().leaseFile(folder.resolve("lease")).build();
        List<InetSocketAddress> servers = List.of(
                InetSocketAddress.createUnresolved("localhost", 1), InetSocketAddress.createUnresolved("localhost", 2));
        assertThrows(IllegalArgumentException.class, () -> RelayClient.connect(servers, options));
    }

    @Test
    void factoryHasNoLeaseFile() {
        RelayClientOptions options =
                RelayClientOptions.builder().leaseFile(folder.resolve("lease")).build();
        IllegalArgumentException failure = assertThrows(
                IllegalArgumentException.class, () -> RelayClient.serverSocketFactory("localhost", 1, options));
        assertTrue(failure.getMessage().startsWith("leaseFile is set for a factory"), failure.getMessage());
    }
}
