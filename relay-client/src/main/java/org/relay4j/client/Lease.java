package org.relay4j.client;

import java.io.IOException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.OrderedLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The lease of a tunnel, with which its client resumes it after a loss. Safe for use by several threads. */
final class Lease {
    private static final Logger log = LoggerFactory.getLogger(Lease.class);

    private final @Nullable LeaseFile file;
    private final LongSupplier clock; // ns
    private final ReentrantLock lock = OrderedLock.leaf("a lease");
    private @Nullable String word; // guarded by lock
    private long ttl; // ns; guarded by lock
    private long lostAt; // ns; guarded by lock
    private boolean lost; // guarded by lock

    /** @param file the file that keeps it for the next process; null if there is none */
    Lease(@Nullable LeaseFile file, LongSupplier clock) {
        this.file = file;
        this.clock = clock;
        word = file == null ? null : file.read();
    }

    /** Returns the lease to send to the server; null if there is no tunnel to resume. */
    @Nullable
    String word() {
        lock.lock();
        try {
            return word;
        } finally {
            lock.unlock();
        }
    }

    /** Stores a grant. Must be called before the first frame on the new connection, which invalidates older leases. */
    void granted(Grant grant) {
        boolean useful = grant.lease() != null && !grant.ttl().isZero();
        lock.lock();
        try {
            word = useful ? grant.lease() : null;
            ttl = grant.ttl().toNanos();
            lost = false;
        } finally {
            lock.unlock();
        }
        keep(useful ? grant.lease() : null);
    }

    /** Forgets the lease, which the server does not know. */
    void forget() {
        granted(Grant.of(0));
    }

    /** Called when the last connection was lost: from now on the server keeps the tunnel for a while. */
    void connectionLost() {
        lock.lock();
        try {
            lost = true;
            lostAt = clock.getAsLong();
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether a connection was lost so recently that the server still keeps the tunnel. */
    boolean isWaitedFor() {
        lock.lock();
        try {
            return lost && word != null && clock.getAsLong() - lostAt < ttl;
        } finally {
            lock.unlock();
        }
    }

    private void keep(@Nullable String next) {
        if (file == null) return;
        try {
            file.write(next);
        } catch (IOException e) {
            log.warn(
                    "cannot write the lease file {}: {}; a restarted client cannot resume its tunnel",
                    file,
                    e.toString());
        }
    }

    /** Never shows the lease. */
    @Override
    public String toString() {
        return word() == null ? "no lease" : "a lease";
    }
}
