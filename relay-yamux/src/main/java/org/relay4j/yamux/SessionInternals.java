package org.relay4j.yamux;

import java.io.IOException;
import java.nio.channels.ByteChannel;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import org.relay4j.yamux.core.CoreOptions;
import org.relay4j.yamux.core.Multiplexer;
import org.relay4j.yamux.core.RateLimit;
import org.relay4j.yamux.core.Role;
import org.relay4j.yamux.io.Driver;
import org.relay4j.yamux.io.StreamObserver;

/**
 * What Relay's own modules need of a session beyond its public API. The types that it names are exported to them alone, so
 * that it is of no use to others.
 */
@SuppressWarnings("exports")
public final class SessionInternals {
    private static final Duration HALF_CLOSE_TIMEOUT = Duration.ofMinutes(5);

    private SessionInternals() {}

    /**
     * Starts the end that opens streams with even ids, and has its streams observed.
     *
     * @param observer called at once, with the session's lock held
     * @throws IOException as {@link Session#server(ByteChannel, SessionOptions)}
     */
    public static Session server(ByteChannel channel, SessionOptions options, StreamObserver observer)
            throws IOException {
        return Session.start(channel, Role.SERVER, options, observer);
    }

    /** What has passed so far through a session without a facade. */
    public static SessionStatistics statistics(Driver driver) {
        driver.lock.lock();
        try {
            Multiplexer mux = driver.mux();
            long roundTrip = mux.roundTrip();
            return new SessionStatistics(
                    mux.streamsOpened(),
                    mux.streamCount(),
                    mux.bytesReceived(),
                    mux.bytesSent(),
                    roundTrip == 0 ? null : Duration.ofNanos(roundTrip),
                    mux.wastefulFrames());
        } finally {
            driver.lock.unlock();
        }
    }

    /** For an application's streams: a half-closed one that is idle is reset after five minutes, unless the options differ. */
    public static CoreOptions options(SessionOptions options) {
        return options(options, HALF_CLOSE_TIMEOUT);
    }

    /**
     * For streams that are joined to sockets: a half-closed one may be idle for as long as TCP allows, unless the options
     * differ. TCP keep-alive notices when its socket's peer has vanished.
     */
    public static CoreOptions relayedOptions(SessionOptions options) {
        return options(options, Duration.ZERO);
    }

    /** Converts, and gives the streams places in the table of the core that no peer can foresee. */
    private static CoreOptions options(SessionOptions options, Duration defaultHalfClose) {
        Duration halfClose = options.halfCloseTimeout();
        return new CoreOptions(
                options.receiveWindow(),
                options.maxReceiveWindow(),
                options.windowBudget(),
                options.receiveBudget(),
                options.maxStreams(),
                options.maxUnacknowledged(),
                options.keepAliveInterval().toNanos(),
                options.keepAliveTimeout().toNanos(),
                options.writeStallTimeout().toNanos(),
                options.openTimeout().toNanos(),
                CoreOptions.defaults().acceptTimeout(),
                (halfClose == null ? defaultHalfClose : halfClose).toNanos(),
                options.lingerTimeout().toNanos(),
                options.deliveryTimeout().toNanos(),
                new RateLimit(options.wastefulFrameBurst(), options.wastefulFramesPerSecond()),
                new RateLimit(options.streamResetBurst(), options.streamResetsPerSecond()),
                ThreadLocalRandom.current().nextInt());
    }
}
