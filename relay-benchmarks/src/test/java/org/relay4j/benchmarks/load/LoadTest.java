package org.relay4j.benchmarks.load;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class LoadTest {
    private static Backend backend;
    private static Thread loop;

    @BeforeAll
    static void startBackend() throws IOException {
        backend = new Backend(arguments("--port", "0"));
        loop = new Thread(() -> {
            try {
                backend.run();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        loop.start();
    }

    @AfterAll
    static void stopBackend() throws InterruptedException {
        backend.close();
        loop.join();
    }

    @Test
    void bulkCountsCheckedBytesInBothDirections() throws Exception {
        for (String direction : List.of("up", "down")) {
            String line = traffic("bulk", "--dir", direction, "--conns", "3", "--verify");
            assertEquals(0, field(line, "errors"), line);
            assertTrue(field(line, "bytes") > 0, line);
            assertTrue(field(line, "MBps") > 0, line);
            assertTrue(field(line, "min_share") <= 1, line);
        }
    }

    @Test
    void bulkInBothDirectionsCountsBoth() throws Exception {
        String line = traffic("bulk", "--dir", "both", "--conns", "2", "--verify");
        assertEquals(0, field(line, "errors"), line);
        assertEquals(4, field(line, "bulk_conns"), line);
        assertTrue(field(line, "min_share") > 0, line);
    }

    @Test
    void connectionsThatDoNotReadAreNotCounted() throws Exception {
        String line = traffic("bulk", "--dir", "down", "--conns", "2", "--stalled", "10");
        assertEquals(0, field(line, "errors"), line);
        assertEquals(2, field(line, "bulk_conns"), line);
        assertTrue(field(line, "min_share") > 0, line);
    }

    @Test
    void connectionThatDoesNotReadIsSentNoMoreThanFillsTheWay() throws Exception {
        InetSocketAddress to = new InetSocketAddress(InetAddress.getLoopbackAddress(), backend.port());
        try (SocketChannel channel = Sockets.connectStalled(to)) {
            ByteBuffer read = ByteBuffer.allocate((int) Mode.SHORT);
            while (read.hasRemaining()) {
                assertTrue(channel.read(read) > 0, read::toString);
            }
            channel.shutdownOutput(); // upon which the backend closes
            assertEquals(-1, channel.read(ByteBuffer.allocate(1)));
        }
    }

    @Test
    void pingPongMeasuresOneAndManyConnections() throws Exception {
        for (String connections : List.of("1", "16")) {
            String line = traffic("pingpong", "--conns", connections, "--size", "100");
            assertEquals(0, field(line, "errors"), line);
            assertTrue(field(line, "samples") > 0, line);
            assertTrue(field(line, "p50_us") <= field(line, "p99_us"), line);
        }
    }

    @Test
    void largeMessagesAreSentWhileTheyComeBack() throws Exception {
        for (String connections : List.of("1", "2")) {
            String size = String.valueOf(16 << 20); // more than the sockets of both ends hold
            String line = traffic("pingpong", "--conns", connections, "--size", size, "--secs", "1");
            assertEquals(0, field(line, "errors"), line);
            assertTrue(field(line, "samples") > 0, line);
        }
    }

    @Test
    void connectionsAreDividedAmongPorts() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            List<String> words = List.of("--conns", "4", "--size", "1", "--warm", "0", "--secs", "0.1", "--to");
            List<String> both = new ArrayList<>(words);
            both.add("127.0.0.1:" + backend.port() + "," + silent.getLocalPort());
            String line = print(out -> new TrafficRun("pingpong", arguments(both.toArray(new String[0]))).run(out));
            assertEquals(0, field(line, "errors"), line);
            silent.setSoTimeout(1); // those that have come are in the backlog
            silent.accept().close();
            silent.accept().close();
            assertThrows(SocketTimeoutException.class, silent::accept);
            assertThrows(
                    IllegalArgumentException.class,
                    () -> arguments(both.toArray(new String[0])).to());
        }
    }

    @Test
    void mixedKeepsToTheSchedule() throws Exception {
        String line = traffic("mixed", "--dir", "down", "--bulk", "1", "--conns", "2", "--interval-us", "10000");
        assertEquals(0, field(line, "errors"), line);
        assertTrue(field(line, "MBps") > 0, line);
        double turns = 2 * field(line, "secs") / 0.01;
        assertTrue(field(line, "samples") > 0 && field(line, "samples") <= turns + 4, line);
    }

    @Test
    void connectAndIdleCloseWhatTheyOpen() throws Exception {
        String connect =
                print(out -> new ConnectRun(toBackend("--conns", "4", "--warm", "0", "--secs", "0.3")).run(out));
        assertEquals(0, field(connect, "errors"), connect);
        assertTrue(field(connect, "per_s") > 0, connect);
        String idle = print(out -> new IdleRun(toBackend("--conns", "50", "--secs", "0.1")).run(out));
        assertEquals(50, field(idle, "opened"), idle);
        assertEquals(50, field(idle, "alive_after"), idle);
    }

    @Test
    void openingOfAHostNameIsSkipped() throws Exception {
        for (String opening : List.of("https:app.example.com", "http:app.example.com")) {
            String line = traffic("bulk", "--dir", "up", "--conns", "2", "--verify", "--opening", opening);
            assertEquals(0, field(line, "errors"), line);
            assertTrue(field(line, "bytes") > 0, line);
            String connect = print(out -> new ConnectRun(
                            toBackend("--conns", "2", "--warm", "0", "--secs", "0.1", "--opening", opening))
                    .run(out));
            assertEquals(0, field(connect, "errors"), connect);
            assertTrue(field(connect, "per_s") > 0, connect);
        }
        assertThrows(IllegalArgumentException.class, () -> traffic("bulk", "--opening", "ftp:app.example.com"));
    }

    @Test
    void openingIsSkippedHoweverItIsSplit() throws Exception {
        for (String opening : List.of("https:a.example.com", "http:a.example.com")) {
            ByteBuffer all = Opening.of(arguments("--opening", opening)).before(Mode.ECHO.request((byte) 'x'));
            Opening.Skip skip = new Opening.Skip();
            int end = all.limit();
            while (!skip.isOver(all.limit(all.position() + 1))) {
                assertTrue(all.position() <= end - 2, "the mode was skipped");
            }
            assertEquals('E', all.limit(end).get());
            assertEquals('x', all.get());
        }
        assertTrue(new Opening.Skip().isOver(Mode.SINK.request()));
    }

    @Test
    void datagramsAreEchoedAndCounted() throws Exception {
        String[][] runs = {{"udp-echo", "1"}, {"udp-echo", "64"}, {"udp-up", "64"}};
        for (String[] run : runs) {
            Arguments given = toBackend("--outstanding", run[1], "--size", "100", "--warm", "0.1", "--secs", "0.3");
            String line = print(out -> new UdpRun(run[0], given).run(out));
            assertTrue(field(line, "samples") > 64, line);
            assertTrue(field(line, "per_s") > 0, line);
            assertTrue(field(line, "lost") >= 0, line);
            assertEquals(0, field(line, "errors"), line);
        }
        assertThrows(IllegalArgumentException.class, () -> new UdpRun("udp-echo", toBackend("--size", "1")));
    }

    @Test
    void noDatagramIsAnError() throws Exception {
        try (DatagramSocket silent = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            for (String mode : List.of("udp-echo", "udp-up")) {
                String to = "127.0.0.1:" + silent.getLocalPort();
                Arguments given = arguments("--to", to, "--size", "100", "--warm", "0", "--secs", "0.1");
                String line = print(out -> assertEquals(1, new UdpRun(mode, given).run(out)));
                assertEquals(0, field(line, "samples"), line);
                assertEquals(1, field(line, "errors"), line);
                assertTrue(line.contains("no datagram has come back from /" + to), line);
            }
        }
    }

    @Test
    void processesAreMeasured() throws Exception {
        String pids = "me:" + ProcessHandle.current().pid();
        String line = traffic("bulk", "--conns", "1", "--pids", pids);
        assertTrue(field(line, "rss_mb\":{\"me") > 1, line);
        assertTrue(field(line, "cpu_s\":{\"me") > 0, line);
    }

    @Test
    void optionsThatMeanNothingAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> traffic("bulk", "--dirr", "up"));
        assertThrows(IllegalArgumentException.class, () -> traffic("bulk", "--dir", "sideways"));
        assertThrows(IllegalArgumentException.class, () -> arguments("up"));
    }

    private static String traffic(String mode, String... words) throws Exception {
        List<String> all = new ArrayList<>(List.of("--warm", "0.1", "--secs", "0.3"));
        all.addAll(List.of(words));
        return print(out -> new TrafficRun(mode, toBackend(all.toArray(new String[0]))).run(out));
    }

    private static Arguments toBackend(String... words) {
        List<String> all = new ArrayList<>(List.of("--to", "127.0.0.1:" + backend.port()));
        all.addAll(List.of(words));
        return arguments(all.toArray(new String[0]));
    }

    private static Arguments arguments(String... words) {
        return new Arguments(words, 0);
    }

    private interface Run {
        void run(PrintStream out) throws Exception;
    }

    private static String print(Run run) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        run.run(new PrintStream(bytes, true, UTF_8));
        return bytes.toString(UTF_8);
    }

    private static double field(String line, String name) {
        Matcher matcher =
                Pattern.compile("\"" + Pattern.quote(name) + "\":([-0-9.]+)").matcher(line);
        assertTrue(matcher.find(), name + " is not in " + line);
        return Double.parseDouble(matcher.group(1));
    }
}
