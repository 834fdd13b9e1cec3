package org.relay4j.cli;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.relay4j.testing.Await;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.HaProxy;

/** Real nginx and HAProxy, behind a forwarder and in front of a server. */
@Tag("peers")
class LoadBalancerIT {
    /** Where visitors connect from, so that no other address of this machine is taken for theirs. */
    private static final String VISITOR = "127.0.0.9";

    @TempDir
    private Path folder;

    private int service;
    private int balancedControl;
    private int balancedPublic;
    private int publicPort;

    @BeforeEach
    void choosePorts() throws Exception {
        int first = FixedPort.range(4);
        service = first;
        balancedControl = first + 1;
        balancedPublic = first + 2;
        publicPort = first + 3;
    }

    @ParameterizedTest
    @CsvSource({"v1, nginx", "v2, nginx", "v1, haproxy", "v2, haproxy"})
    void localServiceLearnsTheAddressOfTheVisitor(String version, String name) throws Exception {
        try (AutoCloseable web = name.equals("nginx") ? Nginx.start(folder, service) : haProxyService();
                ChildProcess server = server("--extended")) {
            String address = "127.0.0.1:" + RelayPair.controlPort(server.line());
            try (ChildProcess forwarder =
                    ChildProcess.relay("--proxy-protocol=" + version, "--localForwardPort=" + service, address)) {
                assertVisitorIsKnown(RelayPair.publicPort(forwarder.line(), service));
            }
            assertTrue(web != null);
        }
    }

    /** A visitor comes through HAProxy, the relay server, the forwarder, and to nginx. */
    @ParameterizedTest
    @CsvSource({"send-proxy, tcp", "send-proxy-v2, unix"})
    void serverLearnsTheAddressesOfClientsAndVisitors(String version, String kind) throws Exception {
        boolean unix = kind.equals("unix");
        Path socket = folder.resolve("control.sock");
        String[] options = {"--extended", "--trusted-proxies=127.0.0.1", "--log-level=debug"};
        try (Nginx web = Nginx.start(folder, service);
                ChildProcess server = unix ? server(socket, options) : server(options)) {
            String listening = server.line();
            if (unix) assertEquals("listening on unix:" + socket, listening);
            String control = unix ? "unix@" + socket : "127.0.0.1:" + RelayPair.controlPort(listening);
            try (HaProxy balancer = HaProxy.start(
                            folder,
                            "listen control",
                            "    bind 127.0.0.1:" + balancedControl,
                            "    log-format client=%ci:%cp",
                            "    option logasap",
                            "    server relay " + control + " " + version,
                            "listen public",
                            "    bind 127.0.0.1:" + balancedPublic,
                            "    server relay 127.0.0.1:" + publicPort + " " + version);
                    ChildProcess forwarder = ChildProcess.relay(
                            "--proxy-protocol=v1", "--localForwardPort=" + service, "127.0.0.1:" + balancedControl)) {
                assertEquals(publicPort, RelayPair.publicPort(forwarder.line(), service));
                String up = server.errorLine("): up, client ");
                String client = up.substring(up.indexOf("client ") + 7).strip();
                Await.until(
                        () -> client + " in " + balancer,
                        () -> balancer.output().contains("client=" + client));
                assertVisitorIsKnown(balancedPublic);
                server.errorLine("visitor " + VISITOR);
            }
            assertTrue(web != null);
        }
    }

    @Test
    void healthChecksAreNoRefusals() throws Exception {
        try (ChildProcess server = server("--trusted-proxies=127.0.0.1", "--log-level=debug")) {
            int control = RelayPair.controlPort(server.line());
            try (HaProxy balancer = HaProxy.start(
                    folder,
                    "listen control",
                    "    bind 127.0.0.1:" + balancedControl,
                    "    server checked 127.0.0.1:" + control + " send-proxy-v2 check inter 50ms",
                    "    server probed 127.0.0.1:" + control + " check inter 50ms")) {
                for (int n = 0; n < 20; n++) server.errorLine("DEBUG"); // each is about one of them
                assertFalse(balancer.output().contains("DOWN"), balancer::toString);
            }
            assertFalse(server.errors().contains("WARN"), server::errors);
        }
    }

    @Test
    void connectionsWithoutAHeaderAreRefused() throws Exception {
        try (ChildProcess server = server("--trusted-proxies=127.0.0.0/8")) {
            String address = "127.0.0.1:" + RelayPair.controlPort(server.line());
            try (ChildProcess forwarder =
                    ChildProcess.relay("--handshake-timeout=1s", "--localForwardPort=" + service, address)) {
                assertEquals(3, forwarder.awaitExit(), forwarder::toString);
            }
        }
    }

    /** The client sees the certificate of HAProxy, and the server has its fingerprint or not. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void loadBalancerEndsTls(boolean listed) throws Exception {
        String pin = certificate();
        String other = "sha256:" + "0".repeat(64);
        Path clients = clients();
        try (EchoService echo = new EchoService();
                ChildProcess server = server(
                        "--extended",
                        "--trusted-proxies=127.0.0.1",
                        "--clients=" + clients,
                        "--require-name",
                        "--proxy-certs=" + (listed ? other + "," + pin : other))) {
            int control = RelayPair.controlPort(server.line());
            try (HaProxy balancer = HaProxy.start(
                            folder,
                            "listen control",
                            "    bind 127.0.0.1:" + balancedControl + " ssl crt " + folder.resolve("both.pem"),
                            "    server relay 127.0.0.1:" + control + " send-proxy-v2",
                            "listen public",
                            "    bind 127.0.0.1:" + balancedPublic,
                            "    server relay 127.0.0.1:" + publicPort + " send-proxy-v2");
                    ChildProcess forwarder = ChildProcess.relay(
                            "--tls-pin=" + pin,
                            "--name=web",
                            "--key-file=" + folder.resolve("web.key"),
                            "--localForwardPort=" + echo.port(),
                            "127.0.0.1:" + balancedControl)) {
                if (listed) {
                    assertEquals(publicPort, RelayPair.publicPort(forwarder.line(), echo.port()));
                    Echo.through(balancedPublic, 1_000_000);
                } else {
                    assertEquals(4, forwarder.awaitExit(), () -> forwarder + " " + balancer);
                    assertTrue(forwarder.errors().contains("tls-mismatch"), forwarder::errors);
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--trusted-proxies=lb.example.com | --trusted-proxies is 'lb.example.com'",
                "--proxy-certs=sha256:12 | --proxy-certs",
                "--proxy-certs=sha256:0000000000000000000000000000000000000000000000000000000000000000 | add --extended"
            })
    void optionsThatCannotBeUsed(String option, String named) throws Exception {
        ChildProcess.assertFails(2, named, option, "0");
    }

    private HaProxy haProxyService() throws Exception {
        return HaProxy.start(
                folder,
                "frontend service",
                "    mode http",
                "    bind 127.0.0.1:" + service + " accept-proxy",
                "    http-request return status 200 content-type text/plain lf-string %[src]:%[src_port]");
    }

    private ChildProcess server(Path socket, String... options) {
        List<String> all = new ArrayList<>(List.of(options));
        all.addAll(List.of("--bind=unix:" + socket, "--public-bind=127.0.0.1"));
        all.addAll(List.of("--public-ports=" + publicPort, "--socket-mode=600"));
        return ChildProcess.relay(all.toArray(String[]::new));
    }

    private ChildProcess server(String... options) {
        String[] all = Stream.concat(
                        Stream.of("--bind=127.0.0.1", "--public-bind=127.0.0.1", "--public-ports=" + publicPort),
                        Stream.concat(Stream.of(options), Stream.of("0")))
                .toArray(String[]::new);
        return ChildProcess.relay(all);
    }

    /** Makes a certificate for HAProxy; returns its fingerprint. */
    private String certificate() throws Exception {
        String pin = ChildProcess.makeCertificate(folder);
        String both =
                Files.readString(folder.resolve("relay-cert.pem")) + Files.readString(folder.resolve("relay-key.pem"));
        Files.writeString(folder.resolve("both.pem"), both);
        return pin;
    }

    private Path clients() throws Exception {
        try (ChildProcess keygen = ChildProcess.relay("keygen", "--client=web", "--out=" + folder)) {
            assertEquals(0, keygen.awaitExit(), keygen::toString);
            List<String> lines = keygen.remainingLines();
            return Files.write(folder.resolve("clients.toml"), lines);
        }
    }

    /** The service answers with the address of the visitor. */
    private static void assertVisitorIsKnown(int port) throws Exception {
        try (Socket visitor = new Socket()) {
            visitor.bind(new InetSocketAddress(InetAddress.getByName(VISITOR), 0));
            visitor.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), Echo.TIMEOUT);
            visitor.setSoTimeout(Echo.TIMEOUT);
            visitor.getOutputStream()
                    .write("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".getBytes(US_ASCII));
            String answer = new String(visitor.getInputStream().readAllBytes(), US_ASCII);
            String address = VISITOR + ":" + visitor.getLocalPort();
            assertTrue(answer.startsWith("HTTP/1.1 200 ") && answer.contains(address), () -> address + " " + answer);
        }
    }
}
