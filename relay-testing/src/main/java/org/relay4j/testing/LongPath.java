package org.relay4j.testing;

import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * What visitors of a port get from a {@link LongPathService} that is far away: how much of a transfer arrives in ten round
 * trips, and how long a byte and its echo take.
 */
public final class LongPath implements AutoCloseable {
    /** Which way the bytes of a transfer go. */
    public enum Way {
        /** To the service. */
        UP,
        /** To the visitor. */
        DOWN
    }

    private static final long ECHO_EVERY = 5_000_000; // ns
    private static final double PACKET = 1448; // bytes

    private final int port;
    private final double bytesPerSecond;
    private final long roundTrip; // ns
    private final LongPathService service;
    private final List<Socket> visitors = new ArrayList<>();
    private final List<Call<Void>> calls = new ArrayList<>();
    private final AtomicLong received = new AtomicLong(); // bytes

    /** Begins nothing yet. Between port and service lies a link of so many Mbit/s, with a round trip of so many ms. */
    public LongPath(int port, int megabits, int roundTrip, LongPathService service) {
        this.port = port;
        bytesPerSecond = megabits * 125_000.0;
        this.roundTrip = roundTrip * 1_000_000L;
        this.service = service;
    }

    /**
     * Starts a transfer, waits for as long as a sender takes that begins with one packet and doubles in each round trip, and
     * counts what arrives in the ten round trips after that. The transfer goes on. Unit: bytes per second.
     */
    public double rateOfTransfer(Way way) throws IOException {
        Socket visitor = visit(way == Way.UP ? '<' : '>');
        AtomicLong counter = way == Way.UP ? service.received() : received;
        long start = System.nanoTime();
        calls.add(Call.run(() -> {
            if (way == Way.UP) LongPathService.send(visitor);
            else LongPathService.count(visitor, received);
        }));
        double packets = bytesPerSecond * roundTrip / 1e9 / PACKET;
        long doublings = (long) Math.ceil(Math.log(packets) / Math.log(2));
        pauseUntil(start + doublings * roundTrip);
        long begin = System.nanoTime();
        long before = counter.get();
        pauseUntil(begin + 10 * roundTrip);
        long bytes = counter.get() - before;
        return bytes * 1e9 / (System.nanoTime() - begin);
    }

    /** Half of so many echoes on a connection of their own took no longer. Unit: ns. */
    public double medianEcho(int count) throws IOException {
        Socket visitor = visit('e');
        roundTrip(visitor); // the first also waits for the service to be connected
        List<Long> times = new ArrayList<>();
        for (int n = 0; n < count; n++) {
            times.add(roundTrip(visitor));
            pauseUntil(System.nanoTime() + ECHO_EVERY);
        }
        times.sort(null);
        return times.get(count / 2);
    }

    private static long roundTrip(Socket visitor) throws IOException {
        long start = System.nanoTime();
        Visitor.send(visitor, "x");
        Visitor.expect(visitor, "x");
        return System.nanoTime() - start;
    }

    private static void pauseUntil(long time) {
        for (long left; (left = time - System.nanoTime()) > 0; ) LockSupport.parkNanos(left);
    }

    private Socket visit(char wish) throws IOException {
        Socket visitor = Visitor.connect(port);
        visitors.add(visitor);
        visitor.getOutputStream().write(wish);
        return visitor;
    }

    /** The visitors leave. */
    @Override
    public void close() throws IOException {
        for (Socket visitor : visitors) Visitor.reset(visitor);
        for (Call<Void> call : calls) call.failure(SocketException.class);
    }
}
