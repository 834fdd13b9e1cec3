package org.relay4j.server;

import java.net.InetAddress;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.relay4j.yamux.io.Sockets;

/** How many new visitors of a UDP port may come in a second from one address or IPv6 /64 network. Confined to a loop. */
final class AddressRates {
    /*
     * Token buckets, each kept as the time at which it is full again (GCRA), that hold the visitors of one second. Source addresses
     * can be forged, so any number of them may come. Their number of buckets is fixed, and addresses that meet in one share it: which
     * ones do is not predictable.
     */
    private static final int BUCKETS = 1024;
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private final long[] full = new long[BUCKETS]; // ns
    private final long start; // ns
    private final int seed = ThreadLocalRandom.current().nextInt();

    AddressRates(long now) {
        start = now;
    }

    /** Counts a new visitor; false if there are more than {@code perSecond}. 0 means no limit. */
    boolean admits(InetAddress address, int perSecond, long now) {
        if (perSecond == 0) return true;
        int bucket = bucket(Sockets.site(address));
        long time = now - start;
        long next = Math.max(full[bucket], time) + SECOND / perSecond;
        if (next - time > SECOND) return false;
        full[bucket] = next;
        return true;
    }

    /** Mixes the bits of the address with the seed (the finalizer of MurmurHash3). */
    private int bucket(InetAddress site) {
        int hash = seed;
        byte[] bytes = site.getAddress();
        for (int i = 0; i < bytes.length; i++) {
            hash = (hash ^ bytes[i]) * 0x85EB_CA6B;
            hash ^= hash >>> 15;
        }
        hash *= 0xC2B2_AE35;
        return (hash ^ (hash >>> 16)) & (BUCKETS - 1);
    }
}
