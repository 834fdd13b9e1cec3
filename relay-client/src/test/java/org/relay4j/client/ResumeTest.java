package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.relay4j.api.RelayOptionException;
import org.relay4j.api.Tunnel;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.FakeServer;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.WireFrame;
import org.relay4j.yamux.io.LoopGroup;

/** How a client comes back to its tunnel, with a server that follows a script. */
@ExtendWith(LeakCheck.EachTest.class)
@Tag("slow")
class ResumeTest {
    private static final InetSocketAddress SERVICE = InetSocketAddress.createUnresolved("localhost", 80);

    @TempDir
    Path folder;

    private final Recorder recorder = new Recorder();
    private final ServerScript script = new ServerScript();
    private final List<String> requests = script.requests;
    private final BlockingQueue<String> answers = script.answers;
    private final BlockingQueue<Socket> established = script.established;
    private FakeServer server;

    @BeforeEach
    void start() throws IOException {
        server = FakeServer.start(script::serve);
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
    }

    private RelayClientOptions.Builder options() {
        return Local.hasty(recorder);
    }

    private RelayForwarder forward(RelayClientOptions.Builder options) throws IOException {
        return RelayClient.forward("localhost", server.port(), SERVICE, options.build());
    }

    private void lose() throws Exception {
        Socket connection = established.take();
        connection.setSoLinger(true, 0);
        connection.close();
    }

    // ---- coming back

    @Test
    void clientComesBackWithTheNewestLease() throws Exception {
        answers.addAll(List.of(
                "OK port=4532 lease=t.one ttl=30",
                "OK port=4532 lease=t.two ttl=30",
                "OK port=4532 lease=t.three ttl=30"));
        try (RelayForwarder forwarder = forward(options())) {
            for (int i = 0; i < 2; i++) {
                recorder.awaitUp(2 * i);
                lose();
                recorder.awaitLoss(2 * i + 1, true);
            }
            recorder.awaitUp(4);
            assertEquals(4532, forwarder.publicAddress().getPort());
            assertEquals(
                    List.of("RELAY/1 resume drain", "RELAY/1 resume=t.one drain", "RELAY/1 resume=t.two drain"),
                    requests);
        }
    }

    @Test
    void acceptorComesBackToo() throws Exception {
        answers.addAll(List.of("OK port=4532 lease=t.one ttl=30", "OK port=4532 lease=t.two ttl=30"));
        try (RelayAcceptor acceptor =
                RelayClient.connect("localhost", server.port(), options().build())) {
            lose();
            recorder.awaitUp(2);
            assertEquals(4532, acceptor.getLocalPort());
            assertEquals(List.of("RELAY/1 resume drain", "RELAY/1 resume=t.one drain"), requests);
        }
    }

    @Test
    void clientAsksAtOnceWithoutALeaseThatTheServerDoesNotKnow() throws Exception {
        answers.addAll(List.of(
                "OK port=4532 lease=t.one ttl=30",
                "ERR lease-unknown it has expired",
                "OK port=4533 lease=t.two ttl=30"));
        try (RelayForwarder forwarder = forward(options())) {
            lose();
            recorder.awaitUp(2);
            assertEquals(4533, forwarder.publicAddress().getPort());
            assertEquals(
                    List.of("RELAY/1 resume drain", "RELAY/1 resume=t.one drain", "RELAY/1 resume drain"), requests);
        }
    }

    @Test
    void otherRefusalsDoNotCostTheLease() throws Exception {
        answers.addAll(
                List.of("OK port=4532 lease=t.one ttl=30", "ERR draining later", "OK port=4532 lease=t.two ttl=30"));
        try (RelayForwarder forwarder = forward(options())) {
            lose();
            recorder.awaitUp(2);
            assertTrue(forwarder.isOpen());
            assertEquals(
                    List.of("RELAY/1 resume drain", "RELAY/1 resume=t.one drain", "RELAY/1 resume=t.one drain"),
                    requests);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"OK port=4532", "OK port=4532 lease=t.one ttl=0"})
    void withoutAUsefulLeaseTheTunnelIsANewOne(String grant) throws Exception {
        answers.addAll(List.of(grant, grant));
        try (RelayForwarder forwarder = forward(options())) {
            lose();
            recorder.awaitUp(2);
            assertTrue(forwarder.isOpen());
            assertEquals(List.of("RELAY/1 resume drain", "RELAY/1 resume drain"), requests);
        }
    }

    @Test
    void clientThatDoesNotReconnectNeedsNoLease() throws Exception {
        answers.add("OK port=4532");
        try (RelayForwarder forwarder = forward(options().reconnect(false))) {
            assertTrue(forwarder.isOpen());
            assertEquals(List.of("RELAY/1"), requests);
        }
    }

    // ---- several connections

    @Test
    void tunnelIsUpWhileOneConnectionIsLeft() throws Exception {
        answers.addAll(List.of(
                "OK port=4532 lease=t.one ttl=30 connection=0", // the first
                "OK port=4532 connection=1", // joins
                "ERR internal not now",
                "OK port=4532 connection=2", // instead of the first
                "OK port=4533 lease=t.two ttl=30 connection=3", // both were lost
                "OK port=4533 connection=4"));
        try (Logged log = Logged.below("org.relay4j.client");
                RelayForwarder forwarder = forward(options().connections(2))) {
            Socket first = established.take();
            Socket joined = established.take();
            log.await("another connection"); // the client knows, too
            first.setSoLinger(true, 0);
            first.close();
            Socket replaced = established.take();
            assertTrue(forwarder.isOpen());
            assertEquals(1, recorder.events().size());
            assertEquals(0, forwarder.statistics().reconnects());
            assertFalse(joined.isClosed() || replaced.isClosed());
            assertEquals(
                    List.of(
                            "RELAY/1 resume drain",
                            "RELAY/1 join=t.one drain",
                            "RELAY/1 join=t.one instead=0 drain",
                            "RELAY/1 join=t.one instead=0 drain"),
                    requests);
            server.close(); // and with it all connections, and no other can be made
            recorder.awaitLoss(1, true);
            server = FakeServer.start(InetAddress.getLoopbackAddress(), server.port(), script::serve);
            recorder.awaitUp(2);
            assertEquals("RELAY/1 resume=t.one drain", requests.get(4));
            Await.until("another joins again", () -> requests.size() == 6);
            assertEquals("RELAY/1 join=t.two drain", requests.get(5));
            assertEquals(1, forwarder.statistics().reconnects());
        }
    }

    @Test
    void leaseWithoutTimeLetsConnectionsJoin() throws Exception {
        answers.addAll(List.of("OK port=4532 lease=t.one ttl=0 connection=0", "OK port=4532 connection=1"));
        try (Logged log = Logged.below("org.relay4j.client");
                RelayForwarder forwarder = forward(options().connections(2))) {
            log.await("another connection");
            assertEquals(List.of(), log.lines("WARN"));
            assertTrue(forwarder.isOpen());
            assertEquals(List.of("RELAY/1 resume drain", "RELAY/1 join=t.one drain"), requests);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"limit-reached", "lease-unknown"})
    void refusedConnectionIsTriedAgainWhenAnotherIsLost(String code) throws Exception {
        answers.addAll(List.of(
                "OK port=4532 lease=t.one ttl=30 connection=0",
                "OK port=4532 connection=1",
                "ERR " + code + " two are enough"));
        try (Logged log = Logged.below("org.relay4j.client");
                RelayForwarder forwarder = forward(options().connections(3))) {
            log.await("two are enough; the tunnel continues with fewer. Check the limits of the server");
            assertEquals(1, log.lines("WARN").size(), () -> log.lines().toString());
            established.take();
            answers.addAll(List.of("OK port=4532 connection=2", "OK port=4532 connection=3"));
            lose();
            Await.until("both are there", () -> requests.size() == 5 && answers.isEmpty());
            assertTrue(forwarder.isOpen());
            assertEquals(
                    List.of("RELAY/1 join=t.one drain", "RELAY/1 join=t.one instead=1 drain"), requests.subList(3, 5));
        }
    }

    @Test
    void serverWithoutLeasesLeavesTheTunnelWithOneConnection() throws Exception {
        answers.add("OK port=4532");
        try (Logged log = Logged.below("org.relay4j.client");
                RelayForwarder forwarder = forward(options().connections(2))) {
            log.await("the server grants no lease, so there is only one connection");
            assertTrue(forwarder.isOpen());
            assertEquals(List.of("RELAY/1 resume drain"), requests);
        }
    }

    // ---- the deliberate end

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void deliberateEndIsSaid(boolean acceptor) throws Exception {
        answers.add("OK port=4532 lease=t.one ttl=30");
        Tunnel tunnel = acceptor
                ? RelayClient.connect("localhost", server.port(), options().build())
                : forward(options());
        Socket connection = established.take();
        tunnel.close(Duration.ofSeconds(1)); // the server does not answer, and is not waited for longer
        recorder.awaitClose(1);
        String said = new String(connection.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        assertTrue(said.contains("BYE\n"), said);
        connection.close();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void serverThatDoesNotAnswerTheByeDoesNotKeepTheTunnelOpen(boolean acceptor) throws Exception {
        answers.add("OK port=4532 lease=t.one ttl=30");
        Tunnel tunnel = acceptor
                ? RelayClient.connect("localhost", server.port(), options().build())
                : forward(options());
        Socket connection = established.take();
        tunnel.close();
        recorder.awaitClose(1);
        connection.close();
    }

    @Test
    void acceptorSaysByeOnTheCallersThread() throws Exception {
        answers.add("OK port=4532 lease=t.one ttl=30");
        LoopGroup loops = LoopGroup.acquireShared();
        CountDownLatch closed = new CountDownLatch(1);
        try {
            RelayAcceptor acceptor =
                    RelayClient.connect("localhost", server.port(), options().build());
            Socket connection = established.take();
            CountDownLatch blocked = new CountDownLatch(loops.size());
            for (int i = 0; i < loops.size(); i++) {
                loops.next().execute(() -> {
                    blocked.countDown();
                    Await.until("the test is over", () -> closed.getCount() == 0);
                });
            }
            blocked.await(); // the session was registered before
            acceptor.close();
            connection.setSoTimeout((int) Await.DEADLINE.toMillis() / 2);
            StringBuilder said = new StringBuilder();
            InputStream in = connection.getInputStream();
            while (said.indexOf("BYE\n") < 0) said.append((char) in.read());
            closed.countDown();
            recorder.awaitClose(1);
            connection.close();
        } finally {
            closed.countDown();
            LoopGroup.releaseShared();
        }
    }

    @Test
    void connectionEndsWhenTheServerHasAnsweredTheBye() throws Exception {
        answers.add("OK port=4532 lease=t.one ttl=30");
        RelayForwarder forwarder = forward(options());
        Socket connection = established.take();
        StringBuilder said = new StringBuilder();
        Call<Void> closing = Call.run(forwarder::close);
        InputStream in = connection.getInputStream();
        while (said.indexOf("BYE\n") < 0) said.append((char) in.read());
        connection.getOutputStream().write(WireFrame.window(2, WireFrame.RST, 0).bytes());
        closing.result();
        recorder.awaitClose(1);
        connection.close();
    }

    // ---- the lease file

    @Test
    void nextProcessComesBackWithTheLeaseFile() throws Exception {
        Path file = folder.resolve("lease");
        answers.addAll(List.of("OK port=4532 lease=t.one ttl=30", "OK port=4532 lease=t.two ttl=30"));
        for (String lease : List.of("lease t.one", "lease t.two")) {
            RelayForwarder forwarder = forward(options().leaseFile(file));
            Socket connection = established.take();
            assertTrue(connection.getInputStream().read() >= 0); // the first frame
            assertTrue(Files.readString(file).contains(lease), "it was stored before the first frame");
            RelayClientOptions same = options().leaseFile(file).build();
            RelayOptionException refused = assertThrows(
                    RelayOptionException.class, () -> RelayClient.forward("localhost", server.port(), SERVICE, same));
            assertTrue(refused.getMessage().contains("lease file " + file + " is in use"), refused.getMessage());
            forwarder.close();
            String said = new String(connection.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
            assertFalse(said.contains("BYE"), said);
            connection.close();
        }
        assertEquals(List.of("RELAY/1 resume drain", "RELAY/1 resume=t.one drain"), requests);
    }
}
