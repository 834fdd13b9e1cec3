package org.relay4j.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Compares the link that other tests use with its settings. */
@Tag("slow")
class LinkEmulatorTest {
    @RegisterExtension
    static final LeakCheck LEAKS = new LeakCheck.EachTest();

    private final List<AutoCloseable> open = new ArrayList<>();
    private LinkSettings settings;
    private LinkEmulator link;
    private Socket near;
    private Socket far;

    @AfterEach
    void disconnect() throws Exception {
        for (int n = open.size(); n > 0; n--) open.get(n - 1).close();
    }

    private void connect(LinkSettings wanted) throws IOException {
        settings = wanted;
        try (ServerSocket listener = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            link = keep(LinkEmulator.start(settings, listener.getLocalPort()));
            near = keep(Visitor.connect(link.port()));
            far = keep(listener.accept());
        }
        far.setTcpNoDelay(true);
        far.setSoTimeout((int) Await.DEADLINE.toMillis());
    }

    private <T extends AutoCloseable> T keep(T closeable) {
        open.add(closeable);
        return closeable;
    }

    // ---- bytes and ends

    @ParameterizedTest
    @ValueSource(longs = {0, 10_000_000})
    void bytesArriveUnchangedBothWaysAndSoDoTheirEnds(long jitter) throws Exception {
        connect(LinkSettings.of(400, 20).withJitter(jitter, 42));
        long length = 20_000_000;
        Call<Void> there = Call.run(() -> send(near, 1, length));
        Call<Void> back = Call.run(() -> send(far, 2, length));
        Call<Void> arrives = Call.run(() -> check(far, 1, length));
        check(near, 2, length);
        arrives.result();
        there.result();
        back.result();
    }

    @Test
    void oneDirectionContinuesWhenTheOtherHasEnded() throws Exception {
        connect(LinkSettings.of(100, 20));
        near.shutdownOutput();
        Visitor.expectEnd(far);
        Visitor.send(far, "still here");
        Visitor.expect(near, "still here");
        far.shutdownOutput();
        Visitor.expectEnd(near);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void resetIsAResetAtTheOtherEnd(boolean halfClosed) throws Exception {
        connect(LinkSettings.of(100, 20));
        if (halfClosed) {
            far.shutdownOutput();
            Visitor.expectEnd(near);
        }
        Visitor.send(near, "something");
        Visitor.expect(far, "something");
        Visitor.reset(near);
        Visitor.expectReset(far);
    }

    @Test
    void endOfTheLinkResetsBothEnds() throws Exception {
        connect(LinkSettings.of(100, 20));
        Visitor.send(near, "something");
        Visitor.expect(far, "something");
        link.close();
        Visitor.expectReset(near);
        Visitor.expectReset(far);
    }

    @Test
    void cutIsSilent() throws Exception {
        connect(LinkSettings.of(100, 2));
        Visitor.send(near, "before");
        Visitor.expect(far, "before");
        link.cut();
        Visitor.send(near, "after");
        near.shutdownOutput();
        far.setSoTimeout(200);
        assertThrows(SocketTimeoutException.class, () -> far.getInputStream().read());
    }

    @Test
    void connectionThatCannotBeMadeIsReset() throws Exception {
        link = keep(LinkEmulator.start(LinkSettings.of(100, 2), FixedPort.free()));
        near = keep(Visitor.connect(link.port()));
        assertThrows(SocketException.class, () -> near.getInputStream().read());
    }

    // ---- time

    /** A busy machine makes it slower, never faster; LinkDirectionTest has the exact times. */
    @Test
    void byteAndItsEchoTakeTheRoundTripAtLeast() throws Exception {
        connect(LinkSettings.of(100, 20));
        Call<Void> echo = Call.run(() -> far.getInputStream().transferTo(far.getOutputStream()));
        for (int n = 0; n < 9; n++) {
            long start = System.nanoTime();
            near.getOutputStream().write(n);
            assertEquals(n, near.getInputStream().read());
            double ratio = (System.nanoTime() - start) / (double) settings.roundTrip();
            assertTrue(ratio >= 1, () -> ratio + " round trips");
        }
        near.shutdownOutput();
        echo.result();
    }

    @ParameterizedTest
    @CsvSource({"20,50", "100,200", "1000,50"})
    void bothDirectionsAreNoFasterThanTheLink(int rate, int roundTrip) throws Exception {
        connect(LinkSettings.of(rate, roundTrip));
        long start = System.nanoTime();
        Call<Void> there = Call.run(() -> sendUntilReset(near));
        Call<Void> back = Call.run(() -> sendUntilReset(far));
        Call<Double> arrives = Call.of(() -> ratio(far, start));
        double ratio = ratio(near, start);
        double other = arrives.result();
        // A late thread catches up on at most 20 ms.
        double most = 1 + 0.02 * settings.bytesPerSecond() / (settings.bytesPerSecond() / 2.0);
        assertTrue(Math.max(ratio, other) <= most, () -> ratio + " and " + other + " of the rate");
        link.close();
        there.result();
        back.result();
    }

    private double ratio(Socket from, long start) throws IOException {
        int length = (int) (settings.bytesPerSecond() / 2);
        from.getInputStream().skipNBytes(length);
        return settings.time(length) / (System.nanoTime() - start);
    }

    // ---- memory

    @Test
    void receiverThatDoesNotReadStopsTheSender() throws Exception {
        connect(LinkSettings.of(1000, 50).withBuffer(100_000));
        near.setSendBufferSize(64 * 1024);
        AtomicLong sent = new AtomicLong(); // bytes
        Call<Void> sending = Call.run(() -> {
            byte[] bytes = new byte[64 * 1024];
            while (true) {
                near.getOutputStream().write(bytes);
                sent.addAndGet(bytes.length);
            }
        });
        Await.until("the link is full", () -> link.mostHeld() > settings.memory() - 2 * settings.piece());
        sending.awaitBlocked();
        assertTrue(link.mostHeld() <= settings.memory());
        // The receiver reads again, to the last byte.
        long waiting = sent.get();
        far.getInputStream().skipNBytes(waiting);
        Visitor.reset(far);
        sending.failure(SocketException.class);
    }

    private static void send(Socket from, long seed, long length) throws IOException {
        Pattern.write(seed, length, from.getOutputStream());
        from.shutdownOutput();
    }

    private static void check(Socket at, long seed, long length) throws IOException {
        Pattern.check(seed, length, at.getInputStream());
        Visitor.expectEnd(at);
    }

    private static void sendUntilReset(Socket from) {
        byte[] bytes = new byte[64 * 1024];
        assertThrows(SocketException.class, () -> {
            OutputStream out = from.getOutputStream();
            while (true) out.write(bytes);
        });
    }
}
