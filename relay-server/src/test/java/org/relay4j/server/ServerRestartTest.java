package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.ACK;
import static org.relay4j.testing.WireFrame.SYN;

import java.io.Closeable;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.api.Endpoint;
import org.relay4j.testing.Await;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.Visitor;
import org.relay4j.testing.WireFrame;

/**
 * Tunnels with a lease outlive the server, with a state file. A server that is killed leaves the file as it is on the disk: in
 * place of it, the next server gets a copy that was made while the first one ran.
 */
@ExtendWith(LeakCheck.EachTest.class)
class ServerRestartTest {
    @TempDir
    private Path folder;

    private Path file;
    private final List<AutoCloseable> open = new ArrayList<>();
    private List<String> heard = List.of(); // of the present server
    private final Map<String, NamedClient> known = new ConcurrentHashMap<>();
    private int ports; // the lowest of four in a row
    private @Nullable RelayServer server;

    @BeforeEach
    void begin() throws IOException {
        file = folder.resolve("state");
        ports = FixedPort.range(4);
    }

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable each : open) each.close();
        if (server != null) server.close();
    }

    private void start(UnaryOperator<RelayServerOptions.Builder> options) throws IOException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        List<String> events = new CopyOnWriteArrayList<>();
        heard = events;
        RelayServerOptions.Builder builder = RelayServerOptions.builder()
                .bindAddress(loopback)
                .publicBindAddress(loopback)
                .publicPorts(ports, ports + 3)
                .loops(2)
                .extended(true)
                .stateFile(file)
                .policy(name -> CompletableFuture.completedFuture(Optional.ofNullable(known.get(name))))
                .listener(new RelayServerListener() {
                    @Override
                    public void tunnelUp(RelayServer from, ServedTunnel tunnel) {
                        events.add("up " + tunnel.port());
                    }

                    @Override
                    public void tunnelHeld(RelayServer from, ServedTunnel tunnel) {
                        events.add("held " + tunnel.port());
                    }

                    @Override
                    public void tunnelResumed(RelayServer from, ServedTunnel tunnel) {
                        events.add("resumed " + tunnel.port());
                    }

                    @Override
                    public void tunnelDown(RelayServer from, ServedTunnel tunnel, @Nullable Throwable cause) {
                        events.add("down " + tunnel.port());
                    }
                });
        server = RelayServer.start(options.apply(builder).build());
    }

    private void start() throws IOException {
        start(options -> options);
    }

    /** What the next server finds is what was on the disk at this moment. */
    private void crash(UnaryOperator<RelayServerOptions.Builder> options) throws IOException {
        Path copy = Files.copy(file, folder.resolve("copy-" + System.nanoTime()));
        closeWithClients();
        file = copy;
        start(options);
    }

    private void crash() throws IOException {
        crash(options -> options);
    }

    /** The server would wait a second for clients that stay. */
    private void closeWithClients() throws IOException {
        for (AutoCloseable each : open) if (each instanceof AskingClient client) client.close();
        server().close();
    }

    private RelayServer server() {
        if (server == null) throw new IllegalStateException("not started");
        return server;
    }

    private AskingClient ask(String words) throws IOException {
        return ask(words, null, ClientLimits.defaults());
    }

    private AskingClient ask(String words, @Nullable String name, ClientLimits limits) throws IOException {
        AskingClient client = AskingClient.connect(server(), words, name, limits);
        open.add(client);
        return client;
    }

    private Socket visit(int port) throws IOException {
        Socket visitor = Visitor.connect(port);
        open.add(visitor);
        return visitor;
    }

    /** The tunnels in the file, once there are as many. */
    private List<KeptTunnel> kept(int expected) {
        Await.until(() -> expected + " tunnels kept", () -> read().size() == expected);
        return read();
    }

    private List<KeptTunnel> read() {
        try {
            return StateText.parse(Files.readAllBytes(file));
        } catch (IOException | StateText.Malformed e) {
            throw new AssertionError(e);
        }
    }

    private static void assertServed(AskingClient client, Socket visitor) throws IOException {
        client.yamux().expect(WireFrame.ping(SYN, 1), WireFrame.window(1, SYN, 0), WireFrame.data(1, "hello"));
        client.yamux().send(WireFrame.window(1, ACK, 0), WireFrame.data(1, "there"));
        Visitor.expect(visitor, "there");
    }

    private Socket hello(int port) throws IOException {
        Socket visitor = visit(port);
        Visitor.send(visitor, "hello");
        return visitor;
    }

    // ---- clients that come back

    @Tag("slow") // a second until the state is written
    @Test
    void endpointsOfATunnelAreKept() throws Exception {
        ClientLimits limits = ClientLimits.builder().ports(ports, ports + 3).build();
        known.put("alice", NamedClient.ofCertificate(limits));
        start();
        AskingClient alice = ask("visitor-address resume port=none", "alice", limits)
                .establish()
                .control();
        for (int n = 0; n < 3; n++) alice.open("tcp/" + (ports + n));
        ClientLimits fewer = ClientLimits.builder().ports(ports, ports + 1).build();
        known.put("alice", NamedClient.ofCertificate(fewer));
        crash();
        Visitor.awaitRefused(ports + 2);
        visit(ports);
        Await.until("it waits", () -> server().visitorCount() == 1);
        AskingClient again = ask("visitor-address port=none resume=" + alice.lease(), "alice", fewer)
                .establish()
                .control();
        again.say("OPEN tcp/" + ports, "OPEN tcp/" + (ports + 1));
        assertEquals("tcp/" + ports, again.header(1).endpoint());
        assertTrue(again.hear().startsWith("OPENED tcp/" + ports + " "));
        assertTrue(again.hear().startsWith("OPENED tcp/" + (ports + 1) + " "));
        assertEquals(
                List.of(Endpoint.port(ports), Endpoint.port(ports + 1)),
                kept(1).get(0).endpoints());
        again.ask("CLOSE tcp/" + ports);
        Await.until(
                "the file has one endpoint",
                () -> kept(1).get(0).endpoints().equals(List.of(Endpoint.port(ports + 1))));
    }

    @Test
    void otherEndpointsAreKeptWithoutThePortOfTheFirstRequest() throws Exception {
        ClientLimits two = ClientLimits.builder().ports(ports, ports + 1).build();
        known.put("alice", NamedClient.ofCertificate(two));
        start();
        AskingClient alice = ask("visitor-address resume port=" + ports, "alice", two)
                .establish()
                .control();
        alice.open("tcp/" + (ports + 1));
        ClientLimits fewer = ClientLimits.builder().port(ports + 1).build();
        known.put("alice", NamedClient.ofCertificate(fewer));
        crash();
        Visitor.awaitRefused(ports);
        visit(ports + 1);
        Await.until("it waits", () -> server().visitorCount() == 1);
        ask("visitor-address resume=" + alice.lease(), "alice", fewer).assertRefused("lease-unknown");
        AskingClient again = ask("visitor-address port=none resume=" + alice.lease(), "alice", fewer);
        assertEquals("none", again.line().value("port"));
        again.establish().control();
        again.say("OPEN tcp/" + (ports + 1));
        assertEquals("tcp/" + (ports + 1), again.header(1).endpoint());
    }

    @Test
    void clientFindsItsPortAndItsWaitingVisitorAgainAfterACrash() throws IOException {
        start();
        AskingClient first = ask("resume").establish();
        crash();
        assertEquals(1, server().tunnelCount());
        Socket waiting = hello(first.port());
        AskingClient second = ask("resume=" + first.lease());
        assertEquals(first.port(), second.port());
        assertNotEquals(first.lease(), second.lease());
        assertServed(second, waiting);
        int port = first.port();
        Await.until(
                () -> heard.toString(), () -> heard.equals(List.of("up " + port, "held " + port, "resumed " + port)));
        assertEquals(1, server().statistics().tunnels());
    }

    @Tag("slow") // a second until the server stops waiting for a client that stays
    @Test
    void clientFindsItsPortAgainAfterAnOrderlyRestart() throws IOException {
        start();
        AskingClient served = ask("resume").establish();
        AskingClient held = ask("resume").establish();
        held.die();
        Await.until("held", () -> heard.contains("held " + held.port()));
        assertTrue(server().close(Duration.ZERO) || server().tunnelCount() == 0);
        kept(2);
        start();
        assertEquals(served.port(), ask("resume=" + served.lease()).port());
        assertEquals(held.port(), ask("resume=" + held.lease()).port());
    }

    @Test
    void leaseIsOnDiskBeforeTheClientHasIt() throws IOException {
        start();
        AskingClient first = ask("resume");
        crash(); // before the client has answered
        AskingClient second = ask("resume=" + first.lease());
        crash();
        assertEquals(first.port(), ask("resume=" + second.lease()).port());
    }

    @Tag("slow") // a second until the state is written
    @Test
    void replacedLeaseIsForgottenAndTheNewOneKept() throws IOException {
        start();
        AskingClient first = ask("resume").establish();
        AskingClient second = ask("resume=" + first.lease()).establish();
        Await.until("one lease is left", () -> read().get(0).leases().size() == 1);
        crash();
        ask("resume=" + first.lease()).assertRefused("lease-unknown");
        assertEquals(second.port(), ask("resume=" + second.lease()).port());
    }

    @Test
    void fileHasNoLease() throws IOException {
        start();
        AskingClient client = ask("resume").establish();
        String text = Files.readString(file);
        assertTrue(text.contains(Lease.tunnelOf(client.lease())), text);
        assertFalse(text.contains(client.lease().substring(33)), text);
    }

    @Test
    void connectionsOfTheNextProcessHaveOtherNumbers() throws IOException {
        start();
        AskingClient first = ask("resume").establish();
        AskingClient joined = ask("join=" + first.lease()).establish();
        assertEquals("2", joined.line().value("connection"));
        crash();
        AskingClient second = ask("resume=" + first.lease()).establish();
        int number = Integer.parseInt(String.valueOf(second.line().value("connection")));
        assertTrue(number > 2, () -> "number " + number);
        ask("join=" + second.lease() + " instead=2").establish(); // of the last process
        assertEquals(2, server().tunnels().connections().size());
    }

    @Test
    void restoredTunnelIsHeldAgainAndSurvivesAnotherRestart() throws IOException {
        start();
        AskingClient first = ask("resume visitor-address").establish();
        crash();
        ask("resume=" + first.lease()).assertRefused("bad-request"); // without the visitors' addresses, as before
        AskingClient second = ask("resume=" + first.lease() + " visitor-address"); // never answers
        second.die();
        Await.until("held again", () -> heard.contains("held " + first.port()) && server().tunnelCount() == 1);
        crash();
        assertEquals(
                first.port(),
                ask("resume=" + second.lease() + " visitor-address").port());
    }

    // ---- tunnels that are not kept

    @Test
    void tunnelsWithoutALeaseAreNotKept() throws IOException {
        start();
        ask("").establish();
        ask("resume").establish();
        assertEquals(1, read().size());
        crash();
        assertEquals(1, server().tunnelCount());
    }

    @Test
    void goodbyeRemovesATunnelEvenWhileTheServerCloses() throws IOException {
        start();
        AskingClient first = ask("resume").establish();
        kept(1);
        bye(first);
        kept(0);
        AskingClient second = ask("resume").establish();
        AskingClient third = ask("resume").establish();
        Socket visitor = visit(second.port());
        second.yamux().expect(WireFrame.window(1, SYN, 0));
        CompletableFuture<Boolean> closed = CompletableFuture.supplyAsync(() -> server().close(Duration.ofMinutes(1)));
        third.yamux().expectGone();
        bye(second);
        Visitor.reset(visitor);
        closed.join();
        assertEquals(
                List.of(third.port()), read().stream().map(KeptTunnel::port).toList());
    }

    private static void bye(AskingClient client) throws IOException {
        client.yamux()
                .send(WireFrame.window(2, SYN, 0), WireFrame.data(2, "BYE\n".getBytes(StandardCharsets.US_ASCII)));
    }

    @Tag("slow") // a second until the state is written
    @Test
    void expiredTunnelIsRemoved() throws IOException {
        start(options -> options.lease(Duration.ofMillis(200)));
        AskingClient client = ask("resume").establish();
        crash(options -> options.lease(Duration.ofMillis(200)));
        kept(0);
        assertEquals(0, server().tunnelCount());
        ask("resume=" + client.lease()).assertRefused("lease-unknown");
    }

    @Test
    void unknownLeaseIsRefusedAsEver() throws IOException {
        start();
        AskingClient client = ask("resume").establish();
        crash();
        ask("resume=" + Lease.tunnelOf(client.lease()) + "." + "0".repeat(32)).assertRefused("lease-unknown");
        assertEquals(client.port(), ask("resume=" + client.lease()).port());
    }

    @Test
    void portThatIsTakenCostsOnlyItsOwnTunnel() throws IOException {
        start();
        AskingClient first = ask("resume").establish();
        AskingClient second = ask("resume").establish();
        Path copy = Files.copy(file, folder.resolve("copy"));
        closeWithClients();
        file = copy;
        try (Logged logged = Logged.below("org.relay4j.server");
                ServerSocket other = new ServerSocket(first.port(), 1, InetAddress.getLoopbackAddress())) {
            start();
            assertTrue(other.isBound());
            String line = logged.await("the tunnel of port " + first.port());
            assertTrue(line.startsWith("WARN ") && line.contains("the port cannot be bound"), line);
            logged.await("INFO relay server: 1 tunnels of the last process wait for their clients, 1 were not kept");
            ask("resume=" + first.lease()).assertRefused("lease-unknown");
            assertEquals(second.port(), ask("resume=" + second.lease()).port());
            assertEquals(1, kept(1).size());
        }
    }

    @Test
    void portsAndLimitsOfTheNextServerApply() throws IOException {
        start();
        AskingClient first = ask("resume").establish();
        AskingClient second = ask("resume").establish();
        AskingClient third = ask("resume").establish();
        assertEquals(ports, first.port());
        crash(options -> options.publicPorts(ports + 1, ports + 3).maxTunnels(1));
        ask("resume=" + first.lease()).assertRefused("lease-unknown");
        assertEquals(second.port(), ask("resume=" + second.lease()).port());
        ask("resume=" + third.lease()).assertRefused("lease-unknown");
        assertEquals(1, server().tunnelCount());
    }

    // ---- names

    @Test
    void namesAndTheirLimitsAreThoseOfThePolicyAtTheRestart() throws IOException {
        ClientLimits limits = ClientLimits.builder().ports(ports, ports + 3).build();
        for (String name : new String[] {"alice", "bob", "carol"}) known.put(name, NamedClient.ofCertificate(limits));
        start();
        AskingClient alice = ask("resume port=" + ports, "alice", limits).establish();
        AskingClient bob = ask("resume port=" + (ports + 1), "bob", limits).establish();
        AskingClient carol = ask("resume port=" + (ports + 2), "carol", limits).establish();
        known.remove("bob");
        known.put(
                "carol",
                NamedClient.ofCertificate(ClientLimits.builder().port(ports).build()));
        crash();
        assertEquals(List.of("alice"), kept(1).stream().map(KeptTunnel::owner).toList());
        ask("resume=" + bob.lease(), "bob", limits).assertRefused("lease-unknown");
        ask("resume=" + carol.lease(), "carol", limits).assertRefused("lease-unknown");
        ask("resume=" + alice.lease(), "bob", limits).assertRefused("lease-unknown");
        assertEquals(ports, ask("resume=" + alice.lease(), "alice", limits).port());
    }

    @Test
    void revokedNameIsRemoved() throws IOException {
        known.put("alice", NamedClient.ofCertificate(ClientLimits.defaults()));
        start();
        ask("resume", "alice", ClientLimits.defaults()).establish();
        crash();
        assertEquals(1, server().tunnelCount());
        server().tunnels().revoke("alice");
        kept(0);
        assertEquals(0, server().tunnelCount());
    }

    /** Its tunnel is not there yet when the policy reports that. */
    @Tag("slow") // a second until the state is written
    @Test
    void nameThatIsRevokedDuringTheStartLosesItsTunnel() throws IOException {
        known.put("alice", NamedClient.ofCertificate(ClientLimits.defaults()));
        start();
        AskingClient alice = ask("resume", "alice", ClientLimits.defaults()).establish();
        crash(options -> options.policy(new TunnelPolicy() {
            private @Nullable Consumer<String> revoked;

            @Override
            public CompletionStage<Optional<NamedClient>> find(String name) {
                if (revoked != null) revoked.accept(name);
                return CompletableFuture.completedFuture(Optional.ofNullable(known.get(name)));
            }

            @Override
            public Closeable watch(Consumer<String> newRevoked) {
                revoked = newRevoked;
                return () -> {};
            }
        }));
        Await.until("it has ended", () -> server().tunnelCount() == 0);
        kept(0);
        Visitor.awaitRefused(alice.port());
    }

    @Test
    void policyThatHasNoAnswerStopsTheStartAndNothingIsLost() throws IOException {
        known.put("alice", NamedClient.ofCertificate(ClientLimits.defaults()));
        start();
        AskingClient alice = ask("resume", "alice", ClientLimits.defaults()).establish();
        closeWithClients();
        String message = String.valueOf(assertThrows(
                        IOException.class,
                        () -> start(options ->
                                options.policy(name -> CompletableFuture.failedFuture(new IOException("no database")))))
                .getMessage());
        assertTrue(
                message.contains("the policy has no answer for 'alice'") && message.contains("no database"), message);
        start();
        assertEquals(
                alice.port(),
                ask("resume=" + alice.lease(), "alice", ClientLimits.defaults()).port());
    }

    @Test
    void tunnelOfTheControlPortIsDropped() throws IOException {
        start();
        AskingClient client = ask("resume").establish();
        crash(options -> options.port(client.port()));
        assertEquals(client.port(), server().port());
        ask("resume=" + client.lease()).assertRefused("lease-unknown");
    }

    // ---- a disk that fails

    @Test
    void noLeaseIsGrantedThatIsNotOnDiskAndTheOthersGoOn() throws IOException {
        start();
        AskingClient served = ask("resume").establish();
        AskingClient lost = ask("resume").establish();
        lost.die();
        Await.until("held", () -> heard.contains("held " + lost.port()));
        Path obstacle = Files.createDirectory(folder.resolve("state.new"));
        Path full = Files.writeString(obstacle.resolve("x"), "a folder that is not empty");
        for (int i = 0; i <= Lease.MOST_VALID; i++)
            ask("resume=" + lost.lease()).assertRefused("internal");
        ask("resume").assertRefused("internal");
        assertEquals(2, server().tunnelCount());
        Socket visitor = hello(served.port());
        served.yamux().expect(WireFrame.window(1, SYN, 0), WireFrame.data(1, "hello"));
        Visitor.reset(visitor);
        ask("").establish(); // needs no lease
        Files.delete(full);
        Files.delete(obstacle);
        assertEquals(lost.port(), ask("resume=" + lost.lease()).port()); // however often it was refused before
    }

    @Tag("slow")
    @Test
    void slowDiskCostsNoLease() throws IOException {
        start();
        AskingClient lost = ask("resume").establish();
        lost.die();
        Await.until("held", () -> heard.contains("held " + lost.port()));
        CountDownLatch disk = new CountDownLatch(1);
        StateWriter state = server().state();
        assertNotNull(state);
        CountDownLatch hangs = new CountDownLatch(1);
        state.put(
                StateTextTest.tunnel(1, null, false, 1),
                failure -> { // keeps the writer busy
                    hangs.countDown();
                    try {
                        disk.await();
                    } catch (InterruptedException e) {
                        throw new AssertionError(e);
                    }
                });
        Await.until("the writer hangs", () -> hangs.getCount() == 0);
        for (int i = 0; i <= Lease.MOST_VALID; i++)
            ask("resume=" + lost.lease()).assertRefused("internal");
        disk.countDown();
        Await.until("it is granted", () -> isGranted(lost));
    }

    private boolean isGranted(AskingClient before) {
        try {
            AskingClient client = ask("resume=" + before.lease());
            assertFalse(client.line().toString().contains("lease-unknown"));
            return client.line().keyword().equals("OK");
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void serverDoesNotStartWithoutItsFile() throws IOException {
        start();
        AskingClient client = ask("resume").establish();
        String used = message(options -> options);
        assertTrue(used.contains(file + ": a running relay server uses it"), used);
        closeWithClients();
        String whole = Files.readString(file);
        Files.writeString(file, whole.substring(0, whole.length() - 1));
        String malformed = message(options -> options);
        assertTrue(malformed.contains(file + ": it is malformed, line 4: the end is missing"), malformed);
        Files.writeString(file, whole);
        try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThrows(BindException.class, () -> start(options -> options.port(other.getLocalPort())));
        }
        int control = FixedPort.free();
        Path obstacle = Files.createDirectory(folder.resolve("state.new"));
        Path full = Files.writeString(obstacle.resolve("x"), "a folder that is not empty");
        String unwritten = message(options -> options.port(control));
        assertTrue(unwritten.contains("cannot write it"), unwritten);
        Files.delete(full);
        Files.delete(obstacle);
        start(options -> options.port(control)); // nothing was lost, no port and no lock is left behind
        assertEquals(client.port(), ask("resume=" + client.lease()).port());
    }

    private String message(UnaryOperator<RelayServerOptions.Builder> options) {
        return String.valueOf(
                assertThrows(FileSystemException.class, () -> start(options)).getMessage());
    }

    @Test
    void optionsWithWhichNothingCouldBeKeptAreRefused() {
        RelayServerOptions.Builder plain = RelayServerOptions.builder().stateFile(file);
        String without = String.valueOf(
                assertThrows(IllegalArgumentException.class, plain::build).getMessage());
        assertTrue(without.contains("set tls, extended or requireName"), without);
        RelayServerOptions.Builder none = plain.extended(true).lease(Duration.ZERO);
        String zero = String.valueOf(
                assertThrows(IllegalArgumentException.class, none::build).getMessage());
        assertTrue(zero.contains("lease is 0"), zero);
    }
}
