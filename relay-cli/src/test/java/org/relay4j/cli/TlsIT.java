package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Encrypted tunnels as users of relay.jar set them up, and what goes wrong with certificates. */
class TlsIT {
    private static final String UNKNOWN_PIN = "sha256:" + "0123456789abcdef".repeat(4);

    @TempDir
    private static Path folder;

    private static String pin;

    @BeforeAll
    static void makeCertificate() throws Exception {
        pin = ChildProcess.makeCertificate(folder);
        makeFilesThatCannotBeUsed();
    }

    private static void makeFilesThatCannotBeUsed() throws Exception {
        PemFiles.make(folder, "strange");
        PemFiles.make(folder, "expired", -10, 3, "localhost");
        Files.writeString(folder.resolve("text.pem"), "hello\n");
        for (String name : List.of("cert", "key")) {
            String text = Files.readString(folder.resolve("relay-" + name + ".pem"));
            int half = text.length() / 2;
            Files.writeString(
                    folder.resolve("cut-" + name + ".pem"),
                    text.substring(0, half - half % 4) + text.substring(text.indexOf("\n-----END")));
        }
        Files.writeString(
                folder.resolve("old-key.pem"), "-----BEGIN EC PRIVATE KEY-----\nMHc=\n-----END EC PRIVATE KEY-----\n");
    }

    @Test
    void visitorsPassThroughAnEncryptedTunnel() throws Exception {
        try (EchoService echo = new EchoService();
                ChildProcess server = server()) {
            String address = "localhost:" + RelayPair.controlPort(server.line());
            for (String trust : List.of("--tls-pin=" + pin, "--tls-ca=" + certificate())) {
                try (ChildProcess forwarder = ChildProcess.relay(trust, "--localForwardPort=" + echo.port(), address)) {
                    int port = RelayPair.publicPort(forwarder.line(), echo.port());
                    Echo.through(port, 0);
                    Echo.through(port, 3_000_000);
                    forwarder.terminate();
                    assertTrue(!forwarder.errors().contains("WARN"), forwarder::toString);
                }
            }
            server.terminate();
            assertTrue(!server.errors().contains("WARN"), server::toString);
        }
    }

    /** As the launcher of the packages does it. */
    @Test
    void authoritiesOfTheSystem() throws Exception {
        try (ChildProcess server = server()) {
            String address = "localhost:" + RelayPair.controlPort(server.line());
            try (ChildProcess forwarder = ChildProcess.relay(
                    Map.of("JDK_JAVA_OPTIONS", "-Drelay.authorities=" + certificate()),
                    "--tls",
                    "--localForwardPort=9",
                    address)) {
                RelayPair.publicPort(forwarder.line(), 9);
            }
            try (ChildProcess forwarder = ChildProcess.relay(
                    Map.of("JDK_JAVA_OPTIONS", "-Drelay.authorities=" + folder.resolve("text.pem")),
                    "--tls",
                    "--localForwardPort=9",
                    address)) {
                assertEquals(2, forwarder.awaitExit(), forwarder::toString);
                assertTrue(forwarder.errors().contains("certificate authorities of this system"), forwarder::toString);
            }
        }
    }

    @Test
    void environmentGivesCertificateAndPin() throws Exception {
        Map<String, String> variables = Map.of(
                "RELAY_TLS_CERT", certificate().toString(),
                "RELAY_TLS_KEY", folder.resolve("relay-key.pem").toString(),
                "RELAY_BIND", "127.0.0.1");
        try (EchoService echo = new EchoService();
                ChildProcess server = ChildProcess.relay(variables, "0")) {
            String address = "localhost:" + RelayPair.controlPort(server.line());
            try (ChildProcess forwarder =
                    ChildProcess.relay(Map.of("RELAY_TLS_PIN", pin), "--localForwardPort=" + echo.port(), address)) {
                Echo.through(RelayPair.publicPort(forwarder.line(), echo.port()), 1000);
            }
        }
    }

    @Test
    void forwarderRefusesAServerThatIsNotTheExpectedOne() throws Exception {
        PemFiles other = PemFiles.make(folder, "another");
        try (ChildProcess server = server()) {
            int port = RelayPair.controlPort(server.line());
            fails(4, List.of(pin, UNKNOWN_PIN), "--tls-pin=" + UNKNOWN_PIN, "localhost:" + port);
            fails(4, List.of("localhost:" + port, "--tls-pin"), "--tls", "localhost:" + port);
            fails(4, List.of("localhost:" + port), "--tls-ca=" + other.certificate(), "localhost:" + port);
            fails(4, List.of("127.0.0.1"), "--tls-ca=" + certificate(), "127.0.0.1:" + port);
            try (ChildProcess forwarder =
                    ChildProcess.relay("--tls-pin=" + pin, "--localForwardPort=9", "127.0.0.1:" + port)) {
                RelayPair.publicPort(forwarder.line(), 9); // a pin does not ask for names
            }
        }
    }

    @Test
    void forwarderRefusesAServerWhoseCertificateHasExpired() throws Exception {
        PemFiles expired = PemFiles.make(folder, "expired-server", -10, 3, "localhost");
        try (SSLServerSocket listener = (SSLServerSocket) expired.context()
                .getServerSocketFactory()
                .createServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Thread thread = new Thread(() -> acceptOne(listener));
            thread.setDaemon(true);
            thread.start();
            String address = "localhost:" + listener.getLocalPort();
            fails(4, List.of("expired"), "--tls-ca=" + expired.certificate(), address);
        }
    }

    private static void acceptOne(SSLServerSocket listener) {
        try (SSLSocket client = (SSLSocket) listener.accept()) {
            client.startHandshake();
            client.getInputStream().transferTo(client.getOutputStream());
        } catch (IOException e) {
            // the client does not like the certificate
        }
    }

    @Test
    void plainAndEncryptedDoNotMix() throws Exception {
        try (ChildProcess encrypted = server();
                ChildProcess plain = ChildProcess.relay("--bind=127.0.0.1", "0")) {
            String tlsPort = "127.0.0.1:" + RelayPair.controlPort(encrypted.line());
            String plainPort = "127.0.0.1:" + RelayPair.controlPort(plain.line());
            fails(3, List.of(tlsPort, "TLS"), tlsPort);
            fails(3, List.of(plainPort, "TLS"), "--tls-pin=" + pin, plainPort);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "no-such.pem relay-key.pem",
                "relay-cert.pem no-such.pem",
                ". relay-key.pem",
                "relay-key.pem relay-cert.pem",
                "text.pem relay-key.pem",
                "cut-cert.pem relay-key.pem",
                "relay-cert.pem cut-key.pem",
                "relay-cert.pem old-key.pem",
                "relay-cert.pem strange-key.pem",
                "expired-cert.pem expired-key.pem"
            })
    void keysAndCertificatesThatCannotBeUsed(String files) throws Exception {
        Path certificate =
                folder.resolve(files.substring(0, files.indexOf(' '))).normalize();
        Path key = folder.resolve(files.substring(files.indexOf(' ') + 1)).normalize();
        List<String> arguments = List.of("--tls-cert=" + certificate, "--tls-key=" + key);
        for (List<String> more : List.of(List.of("0"), List.of("--tls", "--localForwardPort=9", "localhost:7"))) {
            List<String> command = new ArrayList<>(arguments);
            command.addAll(more);
            try (ChildProcess relay = ChildProcess.relay(command.toArray(String[]::new))) {
                assertEquals(2, relay.awaitExit(), relay::toString);
                String line = relay.errors();
                assertEquals(1, line.lines().count(), line);
                assertTrue(line.startsWith("relay: cannot use --tls-cert and --tls-key: "), line);
                assertTrue(line.contains(certificate.toString()) || line.contains(key.toString()), line);
                assertEquals(List.of(), relay.remainingLines());
            }
        }
    }

    private static Path certificate() {
        return folder.resolve("relay-cert.pem");
    }

    private static ChildProcess server() {
        return ChildProcess.relay(
                "--bind=127.0.0.1", "--tls-cert=" + certificate(), "--tls-key=" + folder.resolve("relay-key.pem"), "0");
    }

    /** A forwarder that ends with one line that contains all the parts. */
    private static void fails(int code, List<String> parts, String... arguments) throws InterruptedException {
        List<String> command = new ArrayList<>(List.of("--localForwardPort=9", "--handshake-timeout=10s"));
        command.addAll(Arrays.asList(arguments));
        try (ChildProcess forwarder = ChildProcess.relay(command.toArray(String[]::new))) {
            assertEquals(code, forwarder.awaitExit(), forwarder::toString);
            String line = forwarder.errors();
            assertEquals(1, line.lines().count(), line);
            for (String part : parts) assertTrue(line.contains(part), line);
            assertTrue(!line.contains("Exception"), line);
            assertEquals(List.of(), forwarder.remainingLines());
        }
    }
}
