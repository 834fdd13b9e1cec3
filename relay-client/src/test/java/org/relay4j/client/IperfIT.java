package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.api.Endpoint;
import org.relay4j.api.control.Ed25519;
import org.relay4j.server.ClientLimits;
import org.relay4j.server.DatagramDrop;
import org.relay4j.server.DatagramStatistics;
import org.relay4j.server.NamedClient;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.Await;
import org.relay4j.testing.FixedPort;

/**
 * Measures a public UDP port with iperf3, which needs the TCP port of the same number as well. At a modest rate no datagram is lost,
 * and the counts of iperf3 and of the server agree.
 */
@Tag("peers")
class IperfIT {
    private static final int DATAGRAMS = 500;
    private static final int SIZE = 500; // bytes
    private static final String RATE = "4M"; // bits a second, so that a test takes half a second

    @TempDir
    private Path folder;

    private int port; // public
    private int local;
    private final List<AutoCloseable> started = new ArrayList<>();
    private RelayServer server;

    @BeforeEach
    void start() throws Exception {
        port = FixedPort.free();
        local = FixedPort.free();
        KeyPair alice = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
        NamedClient known = NamedClient.ofKey(
                Ed25519.encode(alice.getPublic()),
                ClientLimits.builder().port(port).udpPorts(port, port).build());
        Path output = folder.resolve("service.txt");
        Process service = iperf(output, "--server", "--bind", "127.0.0.1", "--port", "" + local, "--forceflush");
        started.add(service::destroyForcibly);
        Await.until("iperf3 listens", () -> read(output).contains("Server listening on " + local));
        server = RelayServer.start(Local.options()
                .extended(true)
                .policy(name -> CompletableFuture.completedFuture(Optional.of(known)))
                .build());
        started.add(server);
        RelayClientOptions options = RelayClientOptions.builder()
                .identity(ClientIdentity.ofKey("alice", Ed25519.encode(alice.getPrivate())))
                .build();
        RelayTunnel tunnel = RelayClient.open("localhost", server.port(), options);
        started.add(tunnel);
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), local);
        tunnel.forward(Endpoint.port(port), address);
        tunnel.forward(Endpoint.udpPort(port), address);
    }

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable each : started)
            each.close(); // only what has started; the process first, whose end cannot fail
    }

    @Test
    void nothingIsLostTowardsTheService() throws Exception {
        String report = measure();
        assertEquals(DATAGRAMS, sum(report, "sum_sent", "packets"), report);
        assertNothingLost(report);
        // iperf3 first exchanges a datagram each way, to open the path.
        awaitCounts(DATAGRAMS + 1, 1);
    }

    @Test
    void nothingIsLostTowardsTheVisitor() throws Exception {
        String report = measure("--reverse");
        assertNothingLost(report);
        awaitCounts(1, sum(report, "sum_sent", "packets") + 1);
    }

    /** Sends {@link #DATAGRAMS} datagrams. Returns the report. */
    private String measure(String... more) throws Exception {
        List<String> arguments =
                new ArrayList<>(List.of("--client", "127.0.0.1", "--port", "" + port, "--udp", "--json"));
        arguments.addAll(List.of("--bitrate", RATE, "--length", "" + SIZE, "--blockcount", "" + DATAGRAMS));
        // Room for all of them, so that a busy machine loses none.
        arguments.addAll(List.of("--window", "400K"));
        arguments.addAll(List.of(more));
        Path output = folder.resolve("visitor.txt");
        Process visitor = iperf(output, arguments.toArray(String[]::new));
        try {
            assertTrue(visitor.waitFor(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS), "iperf3 still runs");
            assertEquals(0, visitor.exitValue(), () -> read(output));
        } finally {
            visitor.destroyForcibly();
        }
        return read(output);
    }

    /** Datagrams before the last one that the receiver has read; it reads no more once the sender says that it has ended. */
    private static void assertNothingLost(String report) {
        long received = sum(report, "sum_received", "packets");
        assertEquals(0, sum(report, "sum_received", "lost_packets"), report);
        assertTrue(received > 0.9 * DATAGRAMS, report);
        assertEquals(received * SIZE, sum(report, "sum_received", "bytes"), report);
    }

    private void awaitCounts(long in, long out) {
        Await.until(
                () -> in + " in, " + out + " out, but " + server.datagrams(),
                () -> server.datagrams().in() == in && server.datagrams().out() == out);
        DatagramStatistics counts = server.datagrams();
        for (DatagramDrop reason : DatagramDrop.values()) {
            assertEquals(0, counts.dropped().get(reason), counts::toString);
        }
        assertEquals(1, counts.visitors());
    }

    private static long sum(String report, String object, String field) {
        Matcher found = Pattern.compile("\"" + object + "\":\\s*\\{[^}]*\"" + field + "\":\\s*(\\d+)")
                .matcher(report);
        assertTrue(found.find(), () -> object + "." + field + " in " + report);
        return Long.parseLong(found.group(1));
    }

    private static Process iperf(Path output, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("iperf3"));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
