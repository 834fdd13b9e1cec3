package org.relay4j.testing;

/**
 * What a {@link LinkEmulator} emulates, the same in both directions.
 *
 * @param bytesPerSecond what leaves a sender for the link
 * @param delay ns from one end to the other
 * @param jitter ns; each piece takes up to so much longer, chosen by chance, and none overtakes another
 * @param buffer bytes that wait in front of the link; beyond that the sender's socket is not read
 * @param seed of the jitter
 */
public record LinkSettings(long bytesPerSecond, long delay, long jitter, int buffer, long seed) {
    private static final int LEAST_BUFFER = 64 * 1024; // bytes
    private static final int LEAST_PIECE = 4 * 1024; // bytes
    private static final int LARGEST_PIECE = 64 * 1024; // bytes

    /** A link without jitter, with as much buffer as leaves it in 5 ms. Mbit/s, and ms for the way there and back. */
    public static LinkSettings of(int megabits, int roundTrip) {
        long rate = megabits * 125_000L;
        int buffer = (int) Math.max(LEAST_BUFFER, rate / 200);
        return new LinkSettings(rate, roundTrip * 500_000L, 0, buffer, 0);
    }

    /** The same with jitter. */
    public LinkSettings withJitter(long nanos, long newSeed) {
        return new LinkSettings(bytesPerSecond, delay, nanos, buffer, newSeed);
    }

    /** The same with another buffer. */
    public LinkSettings withBuffer(int bytes) {
        return new LinkSettings(bytesPerSecond, delay, jitter, bytes, seed);
    }

    /** Time from one end to the other and back, without jitter. Unit: ns. */
    public long roundTrip() {
        return 2 * delay;
    }

    /** The time in which so many bytes leave for the link. Unit: ns. */
    public double time(long bytes) {
        return bytes * 1e9 / bytesPerSecond;
    }

    /** Bytes that travel together: what leaves in half a millisecond. */
    int piece() {
        return (int) Math.max(LEAST_PIECE, Math.min(LARGEST_PIECE, bytesPerSecond / 2000));
    }

    /** The most bytes that one direction holds: what is on the way, what waits in front of it, and 20 ms for a late thread. */
    public int memory() {
        double longest = delay + jitter + 20e6; // ns
        return (int) (longest / 1e9 * bytesPerSecond) + buffer + 2 * piece();
    }
}
