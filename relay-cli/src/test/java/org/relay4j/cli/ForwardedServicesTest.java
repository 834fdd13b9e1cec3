package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.relay4j.cli.admin.ForwardedService;
import org.relay4j.client.RelayClient;
import org.relay4j.client.RelayClientOptions;
import org.relay4j.client.RelayTunnel;
import org.relay4j.server.RelayServer;
import org.relay4j.server.RelayServerOptions;
import org.relay4j.testing.Await;
import org.relay4j.testing.FakeServer;
import org.relay4j.testing.FixedPort;

/** Services that come and go while the server does, too. The client has no name, so it has one endpoint at a time. */
class ForwardedServicesTest {
    private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();

    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
    private final Output output = new Output(new PrintStream(printed, true, StandardCharsets.UTF_8), System.err, false);
    private int control;
    private int publicPort; // the only one
    private RelayServer server;
    private FakeServer echo;
    private FakeServer other;
    private ForwardedServices services;
    private RelayTunnel tunnel;

    @BeforeEach
    void start() throws IOException {
        control = FixedPort.free();
        publicPort = FixedPort.free();
        server = server();
        echo = FakeServer.echoing();
        other = FakeServer.saying("the other service");
        services = new ForwardedServices(all("a=" + echo.port()), output);
        RelayClientOptions options = RelayClientOptions.builder()
                .handshakeTimeout(Duration.ofMinutes(1)) // longer than a test waits
                .backoff(Duration.ofMillis(5), Duration.ofMillis(50))
                .listener(new Announcer(output, "the server", Announcer.of(services)))
                .build();
        tunnel = RelayClient.open("localhost", control, options);
        services.open(tunnel);
    }

    @AfterEach
    void stop() throws IOException {
        tunnel.close();
        server.close();
        echo.close();
        other.close();
    }

    private RelayServer server() throws IOException {
        return RelayServer.start(RelayServerOptions.builder()
                .bindAddress(LOOPBACK)
                .publicBindAddress(LOOPBACK)
                .port(control)
                .publicPorts(publicPort, publicPort)
                .extended(true)
                .build());
    }

    private static List<Forward> all(String... services) {
        return Arrays.stream(services).map(Forward::of).toList();
    }

    private static List<String> names(List<ForwardedService> shown) {
        return shown.stream().map(ForwardedService::name).toList();
    }

    private int port() {
        return services.shown().get(0).forwarder().publicAddress().getPort();
    }

    private static void assertEcho(Socket visitor) throws IOException {
        Echo.send(visitor, "hello");
        Echo.expect(visitor, "hello");
    }

    @Test
    void changeWithoutAServerIsMadeWhenTheTunnelIsUpAgain() throws IOException {
        server.close();
        Await.until("the tunnel is down", () -> !tunnel.isOpen());
        services.change(all("b=" + echo.port())); // would fail after the handshake timeout if it waited for the server
        assertEquals(List.of(), names(services.shown()));
        server = server();
        Await.until("the service is open", () -> names(services.shown()).equals(List.of("b")));
        try (Socket visitor = Echo.visitor(port())) {
            assertEcho(visitor);
        }
    }

    @Test
    void refusedServiceIsTriedAgain() throws IOException {
        int port = port();
        services.change(List.of());
        try (ServerSocket taken = new ServerSocket(port, 1, LOOPBACK)) {
            assertEquals(port, taken.getLocalPort());
            services.change(all("b=" + echo.port()));
            assertEquals(List.of(), names(services.shown()));
        }
        Await.until("the service is open", () -> names(services.shown()).equals(List.of("b")));
        try (Socket visitor = Echo.visitor(port)) {
            assertEcho(visitor);
        }
    }

    @Test
    void serviceWithAnotherAddressKeepsItsPortAndVisitors() throws IOException {
        int port = port();
        try (Socket present = Echo.visitor(port)) {
            assertEcho(present);
            services.change(all("a=127.0.0.1:" + other.port()));
            try (Socket visitor = Echo.visitor(port)) {
                Echo.expect(visitor, "the other service");
            }
            assertEcho(present);
        }
        assertEquals(
                List.of(
                        "relaying 127.0.0.1:" + port + " -> localhost:" + echo.port() + " (a)",
                        "relaying 127.0.0.1:" + port + " -> 127.0.0.1:" + other.port() + " (a)"),
                printed.toString(StandardCharsets.UTF_8).lines().toList());
    }

    @Test
    void unknownHostLeavesTheServiceAsItWas() throws IOException {
        services.change(all("a=no-such-host.invalid:80"));
        assertEquals("localhost:" + echo.port(), services.shown().get(0).local());
        try (Socket visitor = Echo.visitor(port())) {
            assertEcho(visitor);
        }
        services.change(all("a=127.0.0.1:" + other.port()));
        try (Socket visitor = Echo.visitor(port())) {
            Echo.expect(visitor, "the other service");
        }
    }
}
