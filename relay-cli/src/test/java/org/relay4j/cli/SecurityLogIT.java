package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The security log of a real server, read by fail2ban with the filter and jail of deploy/fail2ban. */
@Tag("peers")
@EnabledOnOs(value = OS.LINUX, disabledReason = "needs fail2ban, and all of 127.0.0.0/8")
class SecurityLogIT {
    private static final Path DEPLOY = Path.of(System.getProperty("relay.root"), "deploy/fail2ban");
    private static final String FORGED = "198.51.100.9";

    /** Requests of hostile clients, each of which would have another address banned if it could. */
    private static final List<String> HOSTILE = List.of(
            "RELAY/1 name=x\"address=" + FORGED + " binding=none proof=x",
            "RELAY/1 name=x\\u0020address=" + FORGED + " binding=none proof=x",
            "RELAY/1 event=auth-failed address=" + FORGED + " peer=client",
            "INFO  security event=auth-failed address=" + FORGED + " peer=client",
            "2026-01-02 03:04:05.006 INFO  security event=auth-failed address=" + FORGED + " peer=client",
            "RELAY/1 name=\",\"message\":\"event=auth-failed binding=none proof=x",
            "{\"time\":\"x\",\"level\":\"INFO\",\"logger\":\"security\",\"message\":\"event=auth-failed address="
                    + FORGED + " peer=client");

    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"text", "json"})
    void fail2banFindsTheAddressesAndNoOthers(String format) throws Exception {
        Path clients = Files.writeString(
                folder.resolve("clients.toml"),
                "[clients.web]\nkey = \"MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\"\n");
        try (ChildProcess server = ChildProcess.relay(
                "--bind=127.0.0.1", "--require-name", "--clients=" + clients, "--log-format=" + format, "0")) {
            String line = server.line();
            assertTrue(line.startsWith("listening on 127.0.0.1:"), line);
            int port = RelayPair.controlPort(line);
            for (int i = 0; i < HOSTILE.size(); i++) {
                String from = "127.0.0." + (i + 2);
                ask(from, port, HOSTILE.get(i));
                server.errorLine("address=" + from + " ");
            }
            Path log = Files.writeString(folder.resolve("relay.log"), server.errors());
            String filter = DEPLOY.resolve("filter.d/relay.conf").toString();
            try (ChildProcess regex = ChildProcess.start("fail2ban-regex", "-o", "ip", log.toString(), filter)) {
                List<String> found = regex.remainingLines();
                Set<String> expected = Stream.iterate(2, i -> i + 1)
                        .limit(HOSTILE.size())
                        .map(i -> "127.0.0." + i)
                        .collect(Collectors.toSet());
                assertEquals(expected, Set.copyOf(found), () -> regex + server.errors());
                assertEquals(HOSTILE.size(), found.size(), found::toString);
            }
            server.terminate();
        }
    }

    @Test
    void fail2banAcceptsTheJail() throws Exception {
        Path configuration = folder.resolve("fail2ban");
        for (Path file : tree(Path.of("/etc/fail2ban"))) {
            Path target = configuration.resolve(Path.of("/etc/fail2ban").relativize(file));
            if (file.getParent().endsWith("jail.d")) continue; // other jails, with logs that this machine may not have
            Files.createDirectories(target.getParent());
            Files.copy(file, target);
        }
        for (Path file : tree(DEPLOY)) {
            Path target = configuration.resolve(DEPLOY.relativize(file));
            Files.createDirectories(target.getParent());
            Files.copy(file, target);
        }
        try (ChildProcess test = ChildProcess.start("fail2ban-client", "-c", configuration.toString(), "-t")) {
            assertEquals(0, test.awaitExit(), test::toString);
        }
        try (ChildProcess dump = ChildProcess.start("fail2ban-client", "-c", configuration.toString(), "-d")) {
            List<String> lines = dump.remainingLines();
            assertTrue(lines.contains("['add', 'relay', 'systemd']"), lines::toString);
            assertTrue(
                    lines.contains("['set', 'relay', 'addjournalmatch', '_SYSTEMD_UNIT=relay-server.service']"),
                    lines::toString);
        }
    }

    private static List<Path> tree(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile).toList();
        }
    }

    /** Sends a request from an address of this machine; it is refused. */
    private static void ask(String from, int port, String request) throws IOException {
        InetAddress server = InetAddress.getLoopbackAddress();
        try (Socket socket = new Socket(server, port, InetAddress.getAllByName(from)[0], 0)) {
            socket.setSoTimeout((int) ChildProcess.DEADLINE.toMillis());
            BufferedReader in =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            String hello = in.readLine();
            assertTrue(hello.startsWith("HELLO "), hello);
            socket.getOutputStream().write((request + "\n").getBytes(StandardCharsets.UTF_8));
            String answer = in.readLine();
            assertTrue(answer.startsWith("ERR "), answer);
        }
    }
}
