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

    private FaultOptions() {}

    static SessionOptions session() {
        return SessionOptions.builder()
                .maxReceiveWindow(0)
                .keepAliveInterval(KEEP_ALIVE)
                .keepAliveTimeout(KEEP_ALIVE)
                .writeStallTimeout(KEEP_ALIVE.multipliedBy(2))
                .build();
    }
}
