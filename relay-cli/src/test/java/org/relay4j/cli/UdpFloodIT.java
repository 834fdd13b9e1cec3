package org.relay4j.cli;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.testing.Call;

/** Strangers with many addresses flood a public UDP port; a visitor that was there before is served all the time. */
@Tag("peers")
@Tag("slow")
@Timeout(240)
class UdpFloodIT {
    private static final int PORT = 5353;
    private static final int MOST_VISITORS = 100;
    private static final int PER_SECOND = 20;
    private static final int ATTEMPT = 500; // ms
    private static final String TOKEN = "0123456789abcdef0123456789abcdef";

    @TempDir
    private Path folder;

    private final List<AutoCloseable> open = new ArrayList<>(); // closed in reverse order
    private Networks networks;
    private ChildProcess server;
    private AdminAddress admin;
    private DatagramSocket visitor;
    private int pings;

    @BeforeEach
    void start() throws Exception {
        networks = keep(new Networks());
        DatagramSocket service = keep(new DatagramSocket(0, networks.service()));
        Call.run(() -> echo(service));
        try (ChildProcess keygen = ChildProcess.relay("keygen", "--client=dns", "--out=" + folder)) {
            assertEquals(0, keygen.awaitExit(), keygen::toString);
            List<String> lines = new ArrayList<>(keygen.remainingLines());
            lines.add("udp-ports = [" + PORT + "]");
            Files.write(folder.resolve("clients.toml"), lines);
        }
        String pin = ChildProcess.makeCertificate(folder);
        Path token = Files.writeString(folder.resolve("token"), TOKEN);
        Files.setPosixFilePermissions(token, PosixFilePermissions.fromString("rw-------"));
        server = keep(networks.onServer(
                "--bind=" + networks.control(),
                "--public-bind=" + networks.visitors(),
                "--tls-cert=" + folder.resolve("relay-cert.pem"),
                "--tls-key=" + folder.resolve("relay-key.pem"),
                "--clients=" + folder.resolve("clients.toml"),
                "--max-udp-visitors=" + MOST_VISITORS,
                "--udp-visitors-per-second=" + PER_SECOND,
                "--admin=" + networks.visitors() + ":0",
                "--admin-token-file=" + token,
                "7000"));
        server.line();
        admin = AdminAddress.of(server);
        ChildProcess forwarder = keep(networks.onClient(
                "--tls-pin=" + pin,
                "--name=dns",
                "--key-file=" + folder.resolve("dns.key"),
                "--forward=dns=udp:" + networks.service().getHostAddress() + ":" + service.getLocalPort() + ",port="
                        + PORT,
                networks.control() + ":7000"));
        forwarder.line();
        visitor = keep(new DatagramSocket());
        visitor.setSoTimeout(ATTEMPT);
        ping();
        ping(); // now it is known to receive replies, so it gives way to nobody
    }

    @AfterEach
    void stop() throws Exception {
        for (int i = open.size() - 1; i >= 0; i--) open.get(i).close();
    }

    private <T extends AutoCloseable> T keep(T resource) {
        open.add(resource);
        return resource;
    }

    private static void echo(DatagramSocket service) throws IOException {
        DatagramPacket packet = new DatagramPacket(new byte[100], 100);
        while (true) {
            packet.setLength(100);
            service.receive(packet);
            service.send(packet);
        }
    }

    /** Each address has one socket, so none exceeds the rate, but together they are many more than the port takes. */
    @Test
    void manyAddressesDisplaceEachOtherOnly() throws Exception {
        flood(600, 1, 3);
        assertTrue(metric("udp_visitors_total") > 10 * MOST_VISITORS, "most had a turn");
        assertEquals(0, dropped("visitors"));
        assertEquals(0, dropped("rate"));
    }

    @Test
    void oneAddressIsLimited() throws Exception {
        flood(1, 300, 1);
        long admitted = metric("udp_visitors_total") - 1;
        assertTrue(admitted >= PER_SECOND && admitted < 200, "admitted: " + admitted);
        assertTrue(dropped("rate") >= 100, "dropped: " + dropped("rate"));
    }

    private void flood(int addresses, int ports, int datagrams) throws Exception {
        String[] arguments = {
            networks.visitors(), "" + PORT, networks.strangers(), "" + addresses, "" + ports, "" + datagrams
        };
        try (ChildProcess strangers = networks.onRouter(UdpStrangers.class, arguments)) {
            assertEquals("ready", strangers.line());
            do {
                ping();
                assertTrue(metric("udp_visitors_open") <= MOST_VISITORS);
            } while (strangers.waitingLines() == 0);
            assertEquals("sent " + addresses * ports * datagrams, strangers.line());
            ping(); // behind all of them, so the server has read them
            strangers.endInput();
            assertEquals(
                    0,
                    strangers.awaitExit(),
                    strangers::toString); // it also checks that each has asked for its replies
            long replies = Long.parseLong(strangers.line().replace("received ", ""));
            assertTrue(replies > 0 && replies <= metric("datagrams_total{direction=\"out\"}"), "replies: " + replies);
        }
        assertTrue(metric("udp_visitors_open") <= MOST_VISITORS);
        assertTrue(server.isAlive() && !server.errors().contains("ERROR"), server::toString);
    }

    /** The visitor gets a reply. Kernels may drop a datagram during the flood. */
    private void ping() throws IOException {
        String text = "ping " + pings++;
        byte[] bytes = text.getBytes(US_ASCII);
        DatagramPacket reply = new DatagramPacket(new byte[100], 100);
        for (int attempt = 1; ; attempt++) {
            visitor.send(new DatagramPacket(bytes, bytes.length, InetAddress.getByName(networks.visitors()), PORT));
            try {
                do visitor.receive(reply);
                while (!new String(reply.getData(), 0, reply.getLength(), US_ASCII).equals(text));
                return;
            } catch (SocketTimeoutException e) {
                if (attempt == 20) throw e;
            }
        }
    }

    private long dropped(String reason) throws Exception {
        return metric("datagrams_dropped_total{reason=\"" + reason + "\"}");
    }

    private long metric(String name) throws Exception {
        String all = admin.send(admin.withToken("/metrics", TOKEN)).body();
        String start = "relay_server_" + name + " ";
        return all.lines()
                .filter(line -> line.startsWith(start))
                .mapToLong(line -> (long) Double.parseDouble(line.substring(start.length())))
                .findFirst()
                .orElseThrow(() -> new AssertionError(start + "is not in " + all));
    }
}
