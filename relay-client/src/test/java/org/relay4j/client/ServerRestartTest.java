package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.relay4j.api.Endpoint;
import org.relay4j.server.ClientLimits;
import org.relay4j.server.NamedClient;
import org.relay4j.server.RelayServer;
import org.relay4j.server.TunnelPolicy;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.FakeServer;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Visitor;

/** A real client finds its public port again on a server that was restarted with its state file. */
@ExtendWith(LeakCheck.EachTest.class)
class ServerRestartTest {
    private static final String DOMAIN = ".relay.example.com";

    @TempDir
    Path folder;

    private final Recorder recorder = new Recorder();
    private FakeServer service;
    private RelayServer server;
    private int controlPort;
    private int publicPorts; // the lowest of three

    @BeforeEach
    void begin() throws IOException {
        service = FakeServer.echoing();
        controlPort = FixedPort.free();
        publicPorts = FixedPort.range(3);
        start();
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
        service.close();
    }

    private void start() throws IOException {
        server = RelayServer.start(Local.options()
                .port(controlPort)
                .publicPorts(publicPorts, publicPorts + 2)
                .extended(true)
                .stateFile(folder.resolve("state"))
                .build());
    }

    private RelayForwarder forward(RelayClientOptions.Builder options) throws IOException {
        InetSocketAddress local = InetSocketAddress.createUnresolved("localhost", service.port());
        return RelayClient.forward("localhost", controlPort, local, options.build());
    }

    private static void assertEcho(int port) throws IOException {
        try (Socket visitor = Visitor.connect(port)) {
            Visitor.send(visitor, "hello");
            Visitor.expect(visitor, "hello");
        }
    }

    /** A visitor that tries again while its connection is refused. */
    private static boolean insists(int port) throws IOException {
        boolean wasRefused = false;
        long begun = System.nanoTime();
        while (true) {
            try {
                assertEcho(port);
                return wasRefused;
            } catch (ConnectException e) {
                if (System.nanoTime() - begun > Await.DEADLINE.toNanos()) throw e;
                wasRefused = true;
            }
        }
    }

    @Test
    void visitorWhoComesWhileTheServerIsDownIsServedAtTheSamePort() throws Exception {
        try (RelayForwarder forwarder = forward(Local.hasty(recorder))) {
            int port = forwarder.publicAddress().getPort();
            assertEcho(port);
            server.close();
            Visitor.awaitRefused(port);
            CompletableFuture<Boolean> visitor = new CompletableFuture<>();
            Call.run(() -> visitor.complete(insists(port)));
            start();
            visitor.get(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS);
            recorder.awaitUp(2);
            assertEquals(port, forwarder.publicAddress().getPort());
            assertEcho(port);
        }
        Await.until("the port is given back", () -> server.tunnelCount() == 0);
    }

    @Test
    void allConnectionsOfATunnelComeBack() throws Exception {
        try (RelayForwarder forwarder = forward(Local.hasty(recorder).connections(3))) {
            int port = forwarder.publicAddress().getPort();
            for (int restart = 1; restart < 3; restart++) {
                assertEcho(port);
                server.close();
                start();
                recorder.awaitUp(2 * restart);
                assertEquals(port, forwarder.publicAddress().getPort());
            }
            for (int visitor = 0; visitor < 6; visitor++) assertEcho(port);
        }
    }

    @Test
    void clientAndServerMayBothBeRestarted() throws Exception {
        Path lease = folder.resolve("lease");
        int port;
        try (RelayForwarder first = forward(Local.hasty(recorder).leaseFile(lease))) {
            port = first.publicAddress().getPort();
            assertEcho(port);
        }
        server.close();
        start();
        assertEquals(1, server.tunnelCount());
        try (RelayForwarder second = forward(Local.hasty(recorder).leaseFile(lease))) {
            assertEquals(port, second.publicAddress().getPort());
            assertEcho(port);
        }
    }

    @Test
    void clientOfWhichTheNextServerKnowsNothingGetsANewTunnel() throws Exception {
        try (RelayForwarder forwarder = forward(Local.hasty(recorder))) {
            assertEcho(forwarder.publicAddress().getPort());
            server.close();
            Files.delete(folder.resolve("state"));
            start();
            recorder.awaitUp(2);
            assertEcho(forwarder.publicAddress().getPort());
            assertTrue(Files.readString(folder.resolve("state")).contains("tunnels=1"));
        }
    }

    /** The name is in the lease file of the client, and in the state file of the server. */
    @ParameterizedTest
    @CsvSource({"true, false", "false, true", "true, true"})
    void randomNameIsTheSame(boolean clientIsRestarted, boolean serverIsRestarted) throws Exception {
        server.close();
        startWithDomain(0);
        int visitors = server.httpAddress().getPort();
        RelayClientOptions options =
                Local.hasty(recorder).leaseFile(folder.resolve("lease")).build();
        RelayTunnel tunnel = RelayClient.open("localhost", controlPort, options);
        try {
            RelayForwarder web = tunnel.forward(Endpoint.anyHost(), local());
            Endpoint name = web.endpoint();
            assertTrue(name.name().endsWith(DOMAIN) && !name.isAny(), name::toString);
            assertEcho(visitors, name);
            if (clientIsRestarted) tunnel.close();
            if (serverIsRestarted) {
                server.close();
                startWithDomain(visitors);
            }
            if (clientIsRestarted) {
                tunnel = RelayClient.open("localhost", controlPort, options);
                web = tunnel.forward(Endpoint.anyHost(), local());
            } else {
                recorder.awaitUp(2);
                Await.until("the name is open again", web::isOpen);
            }
            assertEquals(name, web.endpoint());
            assertEcho(visitors, name);
            assertEquals(1, server.openTunnels().size());
        } finally {
            tunnel.close();
        }
    }

    /** The client may end at once, and the next one with the file asks for the same name. */
    @Test
    void randomNameIsInTheLeaseFileWhenItIsOpen() throws Exception {
        server.close();
        startWithDomain(0);
        Path file = folder.resolve("lease");
        CountDownLatch end = new CountDownLatch(1);
        try (RelayTunnel tunnel = RelayClient.open(
                "localhost", controlPort, Local.hasty(recorder).leaseFile(file).build())) {
            for (int i = 0; i < Callbacks.MOST; i++)
                Callbacks.EXECUTOR.execute(() -> Await.until("the test has ended", end));
            RelayForwarder web = tunnel.forward(Endpoint.anyHost(), local());
            assertTrue(Files.readString(file).contains(web.endpoint().toString()), web::toString);
        } finally {
            end.countDown();
        }
    }

    private InetSocketAddress local() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), service.port());
    }

    /** Starts a server whose clients need no name for a random host name. */
    private void startWithDomain(int httpPort) throws IOException {
        ClientLimits limits = ClientLimits.builder().host("*" + DOMAIN).build();
        server = RelayServer.start(Local.options()
                .port(controlPort)
                .httpPort(httpPort)
                .domain(DOMAIN.substring(1))
                .policy(new TunnelPolicy() {
                    @Override
                    public CompletionStage<Optional<NamedClient>> find(String name) {
                        return CompletableFuture.completedFuture(Optional.empty());
                    }

                    @Override
                    public ClientLimits nameless() {
                        return limits;
                    }
                })
                .extended(true)
                .stateFile(folder.resolve("state"))
                .build());
    }

    private static void assertEcho(int port, Endpoint name) throws IOException {
        try (Socket visitor = Visitor.connect(port)) {
            String request = "GET / HTTP/1.1\r\nHost: " + name.name() + "\r\n\r\n";
            Visitor.send(visitor, request);
            Visitor.expect(visitor, request);
        }
    }
}
