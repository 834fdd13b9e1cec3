package org.relay4j.testing;

import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * A measurement of a {@link LongPathService} over a long path from a visitor's view: the rate of a transfer during ten
 * round trips, and the latency of a one-byte echo.
 */
public final class LongPath implements AutoCloseable {
    /** The direction of a transfer. */
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

    /**
     * Creates a measurement without starting a transfer. The link between port and service has a rate of {@code
     * megabits} Mbit/s and a round trip of {@code roundTrip} ms.
     */
    public LongPath(int port, int megabits, int roundTrip, LongPathService service) {
        this.port = port;
        bytesPerSecond = megabits * 125_000.0;
        this.roundTrip = roundTrip * 1_000_000L;
        this.service = service;
    }

    /**
     * Starts a transfer and returns its rate over ten round trips, measured after the time of a slow start from one
     * packet with doubling in each round trip. The transfer continues. Unit: bytes per second.
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

    /** Returns the median latency of {@code count} echoes on a separate connection. Unit: ns. */
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

    /** Closes all connections of the visitors. */
    @Override
    public void close() throws IOException {
        for (Socket visitor : visitors) Visitor.reset(visitor);
        for (Call<Void> call : calls) call.failure(SocketException.class);
    }
}
