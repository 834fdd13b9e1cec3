package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.server.RelayServer;
import org.relay4j.server.RelayServerOptions;
import org.relay4j.server.ServerTls;
import org.relay4j.server.TunnelPolicy;
import org.relay4j.testing.Await;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.SelfSignedKeys;

class CheckCommandTest {
    private static final String WITHOUT_SERVICE = "--localForwardPort=1";

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private @TempDir Path folder;

    @AfterEach
    void restoreLogging() {
        StandardErrorLogging.level(Level.INFO);
        StandardErrorLogging.json(false);
    }

    @Test
    void serverThatCanStart() throws Exception {
        makeCertificate();
        Path file = folder.resolve("server.toml");
        Files.writeString(file, """
                port = 0
                bind = "127.0.0.1"
                admin = "127.0.0.1:0"
                tls-cert = "relay-cert.pem"
                tls-key = "relay-key.pem"
                state-file = "state"
                """);
        check(ExitCode.OK, "--config=" + file);
        assertFound("ok       options: valid");
        assertFound("ok       certificate: for localhost, valid until ");
        assertFound("ok       private key: ");
        assertFound("ok       state-file: " + folder.resolve("state") + " can be written");
        assertFound("ok       control port: 127.0.0.1, port 0 is free");
        assertFound("ok       public ports: any free port");
        assertFound("ok       admin address: ");
        assertTrue(Files.notExists(folder.resolve("state")), "nothing is written");
    }

    @Test
    void portsInUse() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            int port = taken.getLocalPort();
            check(
                    ExitCode.PORT_UNAVAILABLE,
                    "--bind=127.0.0.1",
                    "--public-bind=127.0.0.1",
                    "--public-ports=" + port + "-" + port,
                    "--https-port=" + port,
                    "--http-port=0",
                    "" + port);
            assertFound("problem  control port: cannot bind port " + port + ": it is in use");
            assertFound("problem  public ports: none of the ports " + port + "-" + port + " is free");
            assertFound("problem  HTTPS port: cannot bind port " + port + ": it is in use");
            assertFound("ok       HTTP port: port 0 is free");
            assertEquals("relay: 3 problems", errors());
        }
    }

    @Test
    void nodeWhosePeerAddressIsOfAnotherMachine() {
        check(
                ExitCode.USAGE,
                "--bind=127.0.0.1",
                "--public-bind=127.0.0.1",
                "--public-ports=20000-20009",
                "--cluster=etcd:http://127.0.0.1:1",
                "--node=n1",
                "--peer=203.0.113.1:7002",
                "--peer-cert=" + folder.resolve("n1.pem"),
                "--peer-key=" + folder.resolve("n1.key"),
                "--peer-ca=" + folder.resolve("ca.pem"),
                "0");
        assertFound(
                "problem  peer port: --peer is '203.0.113.1:7002', it must be an address of this machine, and a port");
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no such permissions")
    void keysOfANode() throws Exception {
        SelfSignedKeys keys = SelfSignedKeys.make(folder.resolve("n1.p12"), "n1", "relay://relay/n1");
        Path certificate = keys.writeCertificate(folder.resolve("n1.pem"));
        Path key = keys.writeKey(folder.resolve("n1.key"));
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r-----"));
        List<String> line = List.of(
                "--bind=127.0.0.1",
                "--public-bind=127.0.0.1",
                "--public-ports=20000-20009",
                "--cluster=etcd:https://127.0.0.1:1",
                "--node=n1",
                "--peer=127.0.0.1:" + FixedPort.free(),
                "--peer-cert=" + certificate,
                "--peer-key=" + key,
                "--peer-ca=" + certificate,
                "0");
        Map<String, String> store =
                Map.of("RELAY_CLUSTER_CERT", certificate.toString(), "RELAY_CLUSTER_KEY", key.toString());
        checkNode(store, line);
        assertFound("ok       peer certificate: for relay://relay/n1, valid until ");
        assertFound("warning  peer private key: key file " + key + " is accessible to other users");
        assertFound("warning  private key for the store: key file " + key + " is accessible to other users");
        assertFound("problem  cluster: the store of the cluster cannot be used: ");

        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
        checkNode(store, line);
        assertFound("ok       peer private key: ");
        assertFound("ok       private key for the store: ");
    }

    @Test
    void socketOfTheServer() throws IOException {
        Path path = folder.resolve("s");
        check(ExitCode.OK, "--bind=unix:" + path);
        assertFound("ok       control port: unix:" + path + " can be created");
        assertTrue(Files.notExists(path), "nothing is left behind");
        Files.createFile(path);
        check(ExitCode.PORT_UNAVAILABLE, "--bind=unix:" + path);
        assertFound("problem  control port: cannot listen on unix:" + path + ": it exists, and is not a socket");
    }

    @Test
    void certificateOfTheDomain() throws Exception {
        makeCertificate("relay.example", "*.relay.example");
        String certificate = folder.resolve("relay-cert.pem").toString();
        String key = folder.resolve("relay-key.pem").toString();
        List<String> line = List.of("--bind=127.0.0.1", "--domain=relay.example", "0");
        checkWith(ExitCode.OK, line, "--https-port=0", "--domain-cert=" + certificate, "--domain-key=" + key);
        assertFound("ok       domain certificate: for relay.example, *.relay.example, valid until ");
        assertFound("ok       domain private key: belongs to the certificate");
        assertFound("ok       domain: the certificate of --domain-cert is for *.relay.example");
        checkWith(ExitCode.OK, line, "--https-port=0", "--tls-cert=" + certificate, "--tls-key=" + key);
        assertFound("ok       domain: the certificate of --tls-cert is for *.relay.example");
        checkWith(ExitCode.OK, line, "--http-port=0");
        assertFound("ok       domain: *.relay.example is served without TLS, by --http-port");
        checkWith(ExitCode.USAGE, line, "--https-port=0");
        assertFound(
                "problem  options: there is no certificate for *.relay.example; set --domain-cert and --domain-key");
        checkWith(ExitCode.USAGE, line, "--https-port=0", "--domain-cert=no.pem", "--domain-key=" + key);
        assertFound("problem  options: cannot use --domain-cert and --domain-key: no.pem");
    }

    @Test
    void certificateOfTheDomainThatIsForOthersOrExpires() throws Exception {
        makeCertificate();
        String certificate = "--domain-cert=" + folder.resolve("relay-cert.pem");
        String key = "--domain-key=" + folder.resolve("relay-key.pem");
        List<String> line = List.of("--bind=127.0.0.1", "--domain=relay.example", certificate, key, "0");
        checkWith(ExitCode.USAGE, line, "--https-port=0");
        assertFound("problem  options: there is no certificate for *.relay.example");
        checkWith(ExitCode.OK, line, "--http-port=0");
        assertFound("warning  domain: the certificate of --domain-cert is not for *.relay.example");
        assertEndOfTheDomainsCertificate(
                20, ExitCode.OK, "warning  domain certificate: for *.relay.example, valid until ");
        assertEndOfTheDomainsCertificate(
                1, ExitCode.USAGE, "problem  options: cannot use --domain-cert and --domain-key: the certificate in ");
    }

    /** @param days after two days ago */
    private void assertEndOfTheDomainsCertificate(int days, ExitCode code, String finding) throws Exception {
        PemFiles files = PemFiles.make(folder, "domain" + days, -2, days, "*.relay.example");
        check(
                code,
                "--domain=relay.example",
                "--domain-cert=" + files.certificate(),
                "--domain-key=" + files.key(),
                "--bind=127.0.0.1",
                "--https-port=0",
                "0");
        assertFound(finding);
    }

    @Test
    void forwarderOfASocket() throws IOException {
        Path path = folder.resolve("s");
        check(ExitCode.UNREACHABLE, WITHOUT_SERVICE, "unix:" + path);
        assertFound("problem  server: cannot connect to unix:" + path + ": no such file; start the service");
        try (RelayServer server = start(options().controlSocket(path))) {
            check(ExitCode.OK, WITHOUT_SERVICE, "unix:" + path);
            assertFound("ok       server: unix:" + path + " answers without encryption; base protocol");
            Await.until("its port is closed", () -> server.tunnelCount() == 0);
        }
    }

    @Test
    void adminSocket() throws IOException {
        Path path = folder.resolve("a");
        check(ExitCode.OK, "--bind=127.0.0.1", "--admin=unix:" + path, "0");
        assertFound("ok       admin address: free");
        assertTrue(Files.notExists(path), "nothing is left behind");
        Files.createFile(path);
        check(ExitCode.PORT_UNAVAILABLE, "--bind=127.0.0.1", "--admin=unix:" + path, "0");
        assertFound("problem  admin address: cannot listen on unix:" + path + ": it exists, and is not a socket");
    }

    @Test
    void filesThatCannotBeUsed() throws Exception {
        makeCertificate();
        String certificate = "--tls-cert=" + folder.resolve("relay-cert.pem");
        String key = "--tls-key=" + folder.resolve("relay-key.pem");
        check(ExitCode.USAGE, certificate, key, "--state-file=" + folder.resolve("no/state"), "--bind=127.0.0.1", "0");
        assertFound("problem  state-file: there is no folder " + folder.resolve("no") + "; create it");
        check(ExitCode.USAGE, certificate, "--tls-key=" + folder.resolve("no.pem"), "0");
        assertFound("problem  options: cannot use --tls-cert and --tls-key: " + folder.resolve("no.pem"));
        check(ExitCode.USAGE, "--max-tunnels=0", "0");
        assertFound("problem  options: --max-tunnels is '0', it must be 1 to 60000");
        check(ExitCode.USAGE, "--bind=203.0.113.1", "0");
        assertFound("problem  control port: --bind is '203.0.113.1', it must be an address of this machine");
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no POSIX permissions")
    void keyThatOthersCanReadIsAWarning() throws Exception {
        makeCertificate();
        Path key = folder.resolve("relay-key.pem");
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r--r--"));
        String certificate = "--tls-cert=" + folder.resolve("relay-cert.pem");
        check(ExitCode.OK, certificate, "--tls-key=" + key, "--json", "--bind=127.0.0.1", "0");
        assertFound(
                "{\"event\":\"finding\",\"result\":\"warning\",\"subject\":\"private key\",\"text\":\"key file " + key);
    }

    @Test
    void openServerIsAWarning() {
        check(ExitCode.OK, "0");
        assertFound("warning  control port: anyone who can reach it can open a tunnel");
    }

    @Test
    void forwarderOfABaseServerClaimsNoPortForLong() throws IOException {
        try (RelayServer server = start(options());
                ServerSocket service = new ServerSocket(0)) {
            String address = "localhost:" + server.port();
            check(ExitCode.OK, "--localForwardPort=" + service.getLocalPort(), address);
            assertFound("ok       local service: localhost:" + service.getLocalPort() + " accepts connections");
            assertFound("ok       name: localhost is ");
            assertFound("ok       server: " + address + " answers without encryption; base protocol");
            Await.until("its port is closed", () -> server.tunnelCount() == 0);
            check(ExitCode.UNREACHABLE, WITHOUT_SERVICE, "--port=5000", address);
            assertFound("problem  server: " + address + " speaks only the base protocol");
            assertFound("warning  local service: localhost:1 does not accept connections");
        }
    }

    @Test
    @Tag("slow")
    void forwarderOfATlsServer() throws Exception {
        makeCertificate();
        ServerTls tls = ServerTls.ofFiles(folder.resolve("relay-cert.pem"), folder.resolve("relay-key.pem"));
        // The server waits as long for the TLS of the last client, which waits for a line.
        RelayServerOptions.Builder named = options()
                .tls(tls)
                .policy(TunnelPolicy.nobody())
                .requireName(true)
                .handshakeTimeout(Duration.ofSeconds(2));
        try (RelayServer server = start(named)) {
            String address = "localhost:" + server.port();
            String pin = "--tls-pin=" + tls.fingerprint();
            check(ExitCode.NOT_ACCEPTED, WITHOUT_SERVICE, pin, address);
            assertFound("problem  server: " + address + " admits only clients with a name; set --name and --key-file");
            run("keygen", "--client=web", "--out=" + folder);
            check(ExitCode.OK, WITHOUT_SERVICE, pin, "--name=web", "--key-file=" + folder.resolve("web.key"), address);
            assertFound("ok       server: " + address + " answers with TLS, and its certificate is accepted; extended");
            check(ExitCode.NOT_ACCEPTED, WITHOUT_SERVICE, "--tls", address);
            assertFound("problem  server: the certificate of " + address + " was not issued by a trusted authority");
            check(ExitCode.UNREACHABLE, WITHOUT_SERVICE, address);
            assertFound("problem  server: " + address + " speaks TLS, but this client does not");
            assertEquals(0, server.tunnelCount());
        }
    }

    @Test
    void forwarderWithoutAWay() throws IOException {
        int port = FixedPort.free();
        check(ExitCode.UNREACHABLE, WITHOUT_SERVICE, "127.0.0.1:" + port);
        assertFound("problem  server: cannot connect to 127.0.0.1:" + port);
        check(ExitCode.UNREACHABLE, WITHOUT_SERVICE, "no-such-host.invalid:7000");
        assertFound("problem  name: unknown host no-such-host.invalid; check the name");
    }

    private static RelayServerOptions.Builder options() {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        return RelayServerOptions.builder().bindAddress(loopback).publicBindAddress(loopback);
    }

    private static RelayServer start(RelayServerOptions.Builder options) throws IOException {
        return RelayServer.start(options.build());
    }

    private void makeCertificate() throws Exception {
        makeCertificate("localhost");
    }

    /** As {@code relay keygen} makes them, without the time that keytool takes. */
    private void makeCertificate(String... hosts) throws Exception {
        Path key = PemFiles.make(folder, "relay", 0, 90, hosts).key();
        if (OS.WINDOWS.isCurrentOs()) return;
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
    }

    /** Checks a node whose store does not answer. */
    private void checkNode(Map<String, String> environment, List<String> line) {
        List<String> words = new ArrayList<>(List.of("check"));
        words.addAll(line);
        assertEquals(ExitCode.FAILURE, run(environment, words), () -> out.toString(StandardCharsets.UTF_8) + errors());
    }

    private void check(ExitCode expected, String... arguments) {
        List<String> words = new ArrayList<>(List.of("check"));
        words.addAll(List.of(arguments));
        ExitCode code = run(Map.of(), words);
        assertEquals(expected, code, () -> out.toString(StandardCharsets.UTF_8) + errors());
    }

    private void checkWith(ExitCode expected, List<String> line, String... further) {
        List<String> words = new ArrayList<>(List.of(further));
        words.addAll(line);
        check(expected, words.toArray(String[]::new));
    }

    private ExitCode run(String... words) {
        return run(Map.of(), List.of(words));
    }

    private ExitCode run(Map<String, String> environment, List<String> words) {
        out.reset();
        err.reset();
        PrintStream output = new PrintStream(out, true, StandardCharsets.UTF_8);
        PrintStream errors = new PrintStream(err, true, StandardCharsets.UTF_8);
        return new Cli(environment, output, errors, new Shutdown()).run(words.toArray(String[]::new));
    }

    private void assertFound(String beginning) {
        String all = out.toString(StandardCharsets.UTF_8);
        assertTrue(all.lines().anyMatch(line -> line.startsWith(beginning)), all);
    }

    private String errors() {
        return err.toString(StandardCharsets.UTF_8).strip();
    }
}
