package org.relay4j.testing;

/**
 * The settings of a {@link LinkEmulator}, the same in both directions.
 *
 * @param bytesPerSecond rate of the link
 * @param delay ns from one end to the other
 * @param jitter ns; maximum of the random extra delay of each piece; pieces are never reordered
 * @param buffer size of the queue in front of the link in bytes; while it is full, the sender's socket is not read
 * @param seed seed of the jitter
 */
public record LinkSettings(long bytesPerSecond, long delay, long jitter, int buffer, long seed) {
    private static final int LEAST_BUFFER = 64 * 1024; // bytes
    private static final int LEAST_PIECE = 4 * 1024; // bytes
    private static final int LARGEST_PIECE = 64 * 1024; // bytes

    /** Returns a link without jitter, with a buffer for 5 ms. Units: Mbit/s, and ms for the round trip. */
    public static LinkSettings of(int megabits, int roundTrip) {
        long rate = megabits * 125_000L;
        int buffer = (int) Math.max(LEAST_BUFFER, rate / 200);
        return new LinkSettings(rate, roundTrip * 500_000L, 0, buffer, 0);
    }

    /** Returns the same settings with jitter. */
    public LinkSettings withJitter(long nanos, long newSeed) {
        return new LinkSettings(bytesPerSecond, delay, nanos, buffer, newSeed);
    }

    /** Returns the same settings with another buffer size. */
    public LinkSettings withBuffer(int bytes) {
        return new LinkSettings(bytesPerSecond, delay, jitter, bytes, seed);
    }

    /** Returns the round-trip time without jitter. Unit: ns. */
    public long roundTrip() {
        return 2 * delay;
    }

    /** Returns the transmission time of {@code bytes}. Unit: ns. */
    public double time(long bytes) {
        return bytes * 1e9 / bytesPerSecond;
    }

    /** Returns the bytes that are forwarded together: those of half a millisecond. */
    int piece() {
        return (int) Math.max(LEAST_PIECE, Math.min(LARGEST_PIECE, bytesPerSecond / 2000));
    }

    /**
     * Returns the maximum number of bytes in one direction: in flight, in the queue, and 20 ms more for a late thread.
     */
    public int memory() {
        double longest = delay + jitter + 20e6; // ns
        return (int) (longest / 1e9 * bytesPerSecond) + buffer + 2 * piece();
    }
}
