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

    /**
     * The number of intervals without a byte after which a node is silent: new visitors are offered to others first. A visitor that it
     * serves stays, because a node that paused for some seconds goes on.
     */
    static final int SILENT_INTERVALS = 3;

    /** With the interval: the session, and with it its visitors, ends after 10 s of silence. */
    private static final Duration PONG = Duration.ofMillis(9_500);

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
