package org.relay4j.cli.admin;

import java.net.InetAddress;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.relay4j.yamux.io.OrderedLock;
import org.relay4j.yamux.io.Sockets;

/** Limits how often an address may try a wrong token. Safe for use by several threads. */
final class Attempts {
    /*
     * A token bucket for each address, kept as a single time (GCRA): each wrong token moves the time at which the bucket is full
     * again. An address without attempts for the time of a burst needs no entry. The table holds the latest addresses. An attacker
     * with more addresses than that can try more tokens, but a token of 16 characters cannot be guessed in this way either.
     */
    static final int BURST = 10; // wrong tokens
    static final long INTERVAL = TimeUnit.SECONDS.toNanos(6); // for one more
    static final int MOST_ADDRESSES = 1_000;

    private final LongSupplier clock; // ns
    private final ReentrantLock lock = OrderedLock.leaf("the attempts at an admin address");
    private final Map<InetAddress, Long> full = new LinkedHashMap<>(); // ns; guarded by lock

    Attempts(LongSupplier clock) {
        this.clock = clock;
    }

    /** Counts a wrong token. */
    void failed(InetAddress from) {
        InetAddress site = Sockets.site(from);
        lock.lock();
        try {
            long now = clock.getAsLong();
            Long before = full.remove(site); // put back as the latest
            full.put(site, (before == null || before - now < 0 ? now : before) + INTERVAL);
            if (full.size() > MOST_ADDRESSES)
                full.remove(full.keySet().iterator().next());
        } finally {
            lock.unlock();
        }
    }

    /** Returns how long the address must wait before its next request with a token; 0 if it need not. Unit: seconds. */
    long secondsToWait(InetAddress from) {
        InetAddress site = Sockets.site(from);
        lock.lock();
        try {
            Long until = full.get(site);
            if (until == null) return 0;
            long ahead = until - clock.getAsLong() - (BURST - 1) * INTERVAL;
            return ahead <= 0 ? 0 : 1 + (ahead - 1) / TimeUnit.SECONDS.toNanos(1);
        } finally {
            lock.unlock();
        }
    }

    int addresses() {
        lock.lock();
        try {
            return full.size();
        } finally {
            lock.unlock();
        }
    }
}
