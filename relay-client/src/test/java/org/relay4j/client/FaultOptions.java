package org.relay4j.client;

import java.time.Duration;
import org.relay4j.yamux.SessionOptions;

/**
 * Timeouts short enough for tests that wait for them, and long enough for a machine under load; and windows that do not grow,
 * since such a machine makes round trips long, so that what may wait in them is known.
 */
final class FaultOptions {
    /** The silence after which a peer is pinged, and the time for its answer. */
    static final Duration KEEP_ALIVE = Duration.ofMillis(500);

    /** The same for a side that must notice silence, and must not take a busy machine for it before. */
    static final Duration CAREFUL = Duration.ofSeconds(2);

    /** The same for a side that is to notice only what the kernel reports, however busy the machine is. */
    static final Duration PATIENT = Duration.ofSeconds(60);

    private FaultOptions() {}

    static SessionOptions session() {
        return session(KEEP_ALIVE);
    }

    static SessionOptions session(Duration keepAlive) {
        return session(keepAlive, keepAlive);
    }

    /** @param timeout for the answer to a ping, which is sent after each {@code interval} of silence */
    static SessionOptions session(Duration interval, Duration timeout) {
        return SessionOptions.builder()
                .maxReceiveWindow(0)
                .keepAliveInterval(interval)
                .keepAliveTimeout(timeout)
                .writeStallTimeout(timeout.multipliedBy(2))
                .build();
    }
}
