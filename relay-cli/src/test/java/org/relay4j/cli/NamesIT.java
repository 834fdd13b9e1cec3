package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.relay4j.testing.FixedPort;

/** Clients with names, as users of relay.jar set them up: keygen, the clients file, and what goes wrong. */
@Tag("slow") // starts many processes; nothing here depends on the JDK
class NamesIT {
    @TempDir
    private static Path folder;

    private static String pin;
    private static Path clients;

    @BeforeAll
    static void makeKeys() throws Exception {
        pin = ChildProcess.makeCertificate(folder);
        List<String> lines = new ArrayList<>();
        for (String name : List.of("web", "db.main", "stranger")) {
            try (ChildProcess keygen = ChildProcess.relay("keygen", "--client=" + name, "--out=" + folder)) {
                assertEquals(0, keygen.awaitExit(), keygen::toString);
                if (!name.equals("stranger")) lines.addAll(keygen.remainingLines());
            }
        }
        clients = Files.write(folder.resolve("clients.toml"), lines);
    }

    @Test
    void namedClientsOpenTunnels() throws Exception {
        try (EchoService echo = new EchoService();
                ChildProcess server = server()) {
            String address = "localhost:" + RelayPair.controlPort(server.line());
            for (String name : List.of("web", "db.main")) {
                try (ChildProcess forwarder = ChildProcess.relay(
                        "--tls-pin=" + pin,
                        "--name=" + name,
                        "--key-file=" + keyFile(name),
                        "--localForwardPort=" + echo.port(),
                        address)) {
                    Echo.through(RelayPair.publicPort(forwarder.line(), echo.port()), 100_000);
                    forwarder.terminate();
                }
            }
            server.terminate();
        }
    }

    @Test
    void theKeyMayComeFromTheEnvironment() throws Exception {
        String key = Files.readString(keyFile("web")).strip();
        Map<String, String> variables =
                Map.of("RELAY_NAME", "web", "RELAY_KEY", key, "RELAY_TLS_PIN", pin, "RELAY_LOG_LEVEL", "trace");
        try (ChildProcess server = server("--log-level=trace")) {
            String address = "localhost:" + RelayPair.controlPort(server.line());
            try (ChildProcess forwarder = ChildProcess.relay(variables, "--localForwardPort=9", address)) {
                RelayPair.publicPort(forwarder.line(), 9);
                forwarder.terminate();
                assertFalse(forwarder.errors().contains(key.substring(20)), "the key is in the log");
            }
        }
    }

    @Test
    void publicPortOfTheChoice() throws Exception {
        int port = FixedPort.free();
        try (ChildProcess server = server(clientsFile("ports = [" + port + "]"))) {
            String address = "localhost:" + RelayPair.controlPort(server.line());
            for (List<String> arguments : List.of(List.of("--port=" + port), List.<String>of())) {
                try (ChildProcess forwarder = ChildProcess.relay(forwarder("web", "web", address, arguments))) {
                    assertEquals(port, RelayPair.publicPort(forwarder.line(), 9));
                    forwarder.terminate();
                }
            }
            int other = port == 20_000 ? 20_001 : 20_000;
            ChildProcess.assertFails(
                    5, "port-unavailable", forwarder("web", "web", address, List.of("--port=" + other)));
        }
    }

    @Test
    void clientsThatAreNotAccepted() throws Exception {
        try (ChildProcess server = server()) {
            String address = "localhost:" + RelayPair.controlPort(server.line());
            ChildProcess.assertFails(4, "auth-failed", forwarder("web", "stranger", address, List.of()));
            ChildProcess.assertFails(4, "auth-failed", forwarder("nobody", "stranger", address, List.of()));
            ChildProcess.assertFails(
                    4,
                    "auth-required, this server requires a name and a key; set --name",
                    "--tls-pin=" + pin,
                    "--localForwardPort=9",
                    address);
        }
    }

    @Test
    void aPlainServerWithoutNamesIsNotEnough() throws Exception {
        try (ChildProcess server = ChildProcess.relay("--bind=127.0.0.1", "0")) {
            String address = "127.0.0.1:" + RelayPair.controlPort(server.line());
            ChildProcess.assertFails(
                    3,
                    "only the base protocol",
                    "--name=web",
                    "--key-file=" + keyFile("web"),
                    "--localForwardPort=9",
                    address);
            ChildProcess.assertFails(3, "only the base protocol", "--port=20000", "--localForwardPort=9", address);
        }
    }

    @Test
    void filesThatBreakWhileTheServerRunsChangeNothing() throws Exception {
        Path own = Files.createDirectory(folder.resolve("own"));
        for (String file : List.of("relay-cert.pem", "relay-key.pem", "clients.toml")) {
            Files.copy(folder.resolve(file), own.resolve(file));
        }
        try (ChildProcess server = ChildProcess.relay(
                "--bind=127.0.0.1",
                "--tls-cert=" + own.resolve("relay-cert.pem"),
                "--tls-key=" + own.resolve("relay-key.pem"),
                "--require-name",
                "--clients=" + own.resolve("clients.toml"),
                "0")) {
            String address = "localhost:" + RelayPair.controlPort(server.line());
            try (ChildProcess before = ChildProcess.relay(forwarder("web", "web", address, List.of()))) {
                RelayPair.publicPort(before.line(), 9);
                Files.writeString(own.resolve("clients.toml"), "[clients.web]\nkey = broken\n");
                assertTrue(server.errorLine("clients.toml:2:").contains("ERROR"), server::toString);
                Files.writeString(own.resolve("relay-cert.pem"), "broken\n");
                assertTrue(server.errorLine("relay-cert.pem").contains("ERROR"), server::toString);
                try (ChildProcess after = ChildProcess.relay(forwarder("db.main", "db.main", address, List.of()))) {
                    RelayPair.publicPort(after.line(), 9);
                }
                assertTrue(before.isAlive(), before::toString);
                assertEquals(0, before.waitingLines(), before::toString);
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--name=web                            | --key-file",
                "--key-file=web.key                    | --name",
                "--name=a/b --key-file=web.key         | a/b",
                "--name=web --key-file=no-such.key     | no-such.key",
                "--name=web --key-file=relay-key.pem   | relay-key.pem",
                "--name=web --key-file=clients.toml    | clients.toml",
                "--port=0                              | --port",
                "--tls-pin=sha256:12                   | sha256:12",
                "--tls-ca=no-such.pem                  | no-such.pem",
                "--tls-ca=clients.toml                 | clients.toml",
                "--tls-cert=relay-cert.pem             | --tls-key",
                "--tls-key=relay-key.pem               | --tls-cert"
            })
    void mistakesOfTheForwarder(String options, String named) throws Exception {
        ChildProcess.assertFails(2, named, (inFolder(options) + " --localForwardPort=9 localhost:7").split(" "));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--require-name --clients=no-such.toml |  no-such.toml",
                "--extended --clients=relay-key.pem    |  relay-key.pem:1:",
                "--extended --clients=typo.toml        |  prots",
                "--require-name                        | --clients",
                "--clients=clients.toml                | --require-name",
                "--tls-client-ca=relay-cert.pem        | --tls-cert"
            })
    void mistakesOfTheServer(String options, String named) throws Exception {
        clientsFile("prots = [1]", "typo.toml");
        ChildProcess.assertFails(2, named, (inFolder(options) + " 0").split(" "));
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no such permissions")
    void aKeyFileThatOthersCanRead() throws Exception {
        Path file = Files.copy(keyFile("web"), folder.resolve("shared.key"));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
        ChildProcess.assertFails(
                2, "chmod 600", "--name=web", "--key-file=" + file, "--localForwardPort=9", "localhost:7");
    }

    @Test
    void aKeyThatIsNoneIsNotShown() throws Exception {
        Map<String, String> variables = Map.of("RELAY_NAME", "web", "RELAY_KEY", "secret-that-is-no-key");
        try (ChildProcess forwarder = ChildProcess.relay(variables, "--localForwardPort=9", "localhost:7")) {
            assertEquals(2, forwarder.awaitExit(), forwarder::toString);
            assertTrue(forwarder.errors().startsWith("relay: cannot use RELAY_KEY: "), forwarder::toString);
            assertFalse(forwarder.errors().contains("secret"), forwarder::toString);
        }
    }

    private static String inFolder(String options) {
        return options.replaceAll("=([^ /]+\\.[a-z]+)", "=" + folder.toString().replace("\\", "\\\\\\\\") + "/$1");
    }

    private static Path keyFile(String name) {
        return folder.resolve(name + ".key");
    }

    /** The clients file with one more line for the last client, web. */
    private static String clientsFile(String line) throws Exception {
        return clientsFile(line, "more.toml");
    }

    private static String clientsFile(String line, String name) throws Exception {
        List<String> lines = Files.readAllLines(clients);
        lines.add(2, line); // behind the key of web
        return "--clients=" + Files.write(folder.resolve(name), lines, StandardOpenOption.CREATE);
    }

    private static ChildProcess server(String... more) {
        List<String> command = new ArrayList<>(List.of(
                "--bind=127.0.0.1",
                "--tls-cert=" + folder.resolve("relay-cert.pem"),
                "--tls-key=" + folder.resolve("relay-key.pem"),
                "--require-name",
                "0"));
        command.addAll(List.of(more));
        if (command.stream().noneMatch(argument -> argument.startsWith("--clients="))) {
            command.add("--clients=" + clients);
        }
        return ChildProcess.relay(command.toArray(String[]::new));
    }

    private static String[] forwarder(String name, String key, String address, List<String> more) {
        List<String> command = new ArrayList<>(List.of(
                "--tls-pin=" + pin, "--name=" + name, "--key-file=" + keyFile(key), "--localForwardPort=9", address));
        command.addAll(more);
        return command.toArray(String[]::new);
    }
}
