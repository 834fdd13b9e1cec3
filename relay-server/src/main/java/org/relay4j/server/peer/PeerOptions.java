package org.relay4j.server.peer;

import java.time.Duration;
import org.relay4j.yamux.SessionInternals;
import org.relay4j.yamux.SessionOptions;
import org.relay4j.yamux.core.CoreOptions;

/** The options of the session of a link. */
final class PeerOptions {
    /** How long the other node may take to acknowledge a visitor. */
    static final Duration ANSWER = Duration.ofSeconds(1);

    /** The interval of pings while no byte arrives. */
    static final Duration PING = Duration.ofMillis(500);

    /** With the interval: a node that is silent for 1.5 s is dead. */
    private static final Duration PONG = Duration.ofSeconds(1);

    /** Visitors of a link that may wait for an answer at once, of all endpoints together. */
    static final int UNANSWERED = 1_024;

    private static final int WINDOW = 1 << 20; // bytes; of one visitor, in a local network
    private static final int WINDOWS = 256 << 20; // bytes; the growth of all together

    private static final SessionOptions OPTIONS = SessionOptions.builder()
            .maxReceiveWindow(WINDOW)
            .windowBudget(WINDOWS)
            .maxUnacknowledged(UNANSWERED)
            .openTimeout(ANSWER)
            .keepAliveInterval(PING)
            .keepAliveTimeout(PONG)
            .build();

    private PeerOptions() {}

    static CoreOptions core() {
        return SessionInternals.relayedOptions(OPTIONS);
    }
}
