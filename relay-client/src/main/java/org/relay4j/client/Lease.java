package org.relay4j.client;

import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.api.RelayOptionException;
import org.relay4j.yamux.io.OrderedLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The lease of a tunnel, with which its client resumes it after a loss, and adds connections to it. Safe for use by several
 * threads.
 */
final class Lease {
    private static final Logger log = LoggerFactory.getLogger(Lease.class);

    /** The longest time after a loss that is waited for with short pauses, because the server chooses the ttl. Unit: ns. */
    private static final long LONGEST_WAIT = TimeUnit.SECONDS.toNanos(60);

    /** The longest time after a loss for which a server that shuts down postpones the end of that wait. Unit: ns. */
    private static final long LONGEST_DRAIN = TimeUnit.MINUTES.toNanos(10);

    private static final Pattern ID = Pattern.compile("[0-9a-f]{32}");

    private final @Nullable LeaseFile file;
    private final LongSupplier clock; // ns
    private final ReentrantLock lock = OrderedLock.leaf("a lease");
    private @Nullable String word; // guarded by lock
    private boolean lasting; // the server keeps the tunnel after a loss; guarded by lock
    private long ttl; // ns; guarded by lock
    private long lostAt; // ns; guarded by lock
    private long waitedSince; // ns; the loss, or a later answer that the server shuts down; guarded by lock
    private boolean lost; // guarded by lock

    /** @param file the file that keeps it for the next process; null if there is none */
    Lease(@Nullable LeaseFile file, LongSupplier clock) {
        this.file = file;
        this.clock = clock;
    }

    /**
     * Takes the file, and the lease in it. Called before the first attempt.
     *
     * @throws RelayOptionException if another tunnel has the file; the message says what to do
     */
    void begin() throws RelayOptionException {
        if (file == null) return;
        file.take();
        String kept = file.read();
        lock.lock();
        try {
            word = kept;
            lasting = kept != null;
        } finally {
            lock.unlock();
        }
    }

    /** Lets the next client have the file. Called when there are no further attempts, possibly several times. */
    void end() {
        if (file != null) file.release();
    }

    /** Returns the lease that joins a connection to the tunnel; null if the server grants none. */
    @Nullable
    String word() {
        lock.lock();
        try {
            return word;
        } finally {
            lock.unlock();
        }
    }

    /** Returns the lease that resumes the tunnel after a loss; null if there is none. */
    @Nullable
    String lastingWord() {
        lock.lock();
        try {
            return lasting ? word : null;
        } finally {
            lock.unlock();
        }
    }

    /** Returns the id of the tunnel, with which the lease begins; null if the server grants none, or its leases have another form. */
    @Nullable
    String tunnel() {
        String current = word();
        if (current == null) return null;
        int end = current.indexOf('.');
        String id = current.substring(0, Math.max(0, end));
        return ID.matcher(id).matches() ? id : null;
    }

    /** Stores a grant. Must be called before the first frame on the new connection, which invalidates older leases. */
    void granted(Grant grant) {
        String before;
        String after;
        lock.lock();
        try {
            before = lasting ? word : null;
            word = grant.lease();
            lasting = word != null && !grant.ttl().isZero();
            after = lasting ? word : null;
            ttl = grant.ttl().toNanos();
            lost = false;
        } finally {
            lock.unlock();
        }
        keep(before, after);
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
            waitedSince = lostAt;
        } finally {
            lock.unlock();
        }
    }

    /** Called when the server answers that it shuts down. If it keeps the tunnel, the next process does so for the full time. */
    void serverDrains() {
        lock.lock();
        try {
            long now = clock.getAsLong();
            if (now - lostAt < LONGEST_DRAIN) waitedSince = now;
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether a connection was lost so recently, 60 s at most, that the server still keeps the tunnel. */
    boolean isWaitedFor() {
        lock.lock();
        try {
            return lost && lasting && clock.getAsLong() - waitedSince < Math.min(ttl, LONGEST_WAIT);
        } finally {
            lock.unlock();
        }
    }

    /** Returns the endpoint that the file keeps for a service; null if there is none. */
    @Nullable
    Endpoint endpoint(String service) {
        return file == null ? null : file.endpoint(service);
    }

    /** Keeps the endpoint of a service in the file; null to forget it. */
    void keepEndpoint(String service, @Nullable Endpoint granted) {
        if (file == null) return;
        try {
            file.keepEndpoint(service, granted);
        } catch (IOException e) {
            log.warn("cannot write the lease file {}: {}; {} may change", file, e.toString(), service);
        }
    }

    private void keep(@Nullable String before, @Nullable String after) {
        if (file == null) return;
        try {
            file.keep(before, after);
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
