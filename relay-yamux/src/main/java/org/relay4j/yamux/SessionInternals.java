package org.relay4j.yamux;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.CoreOptions;
import org.relay4j.yamux.core.Multiplexer;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.RateLimit;
import org.relay4j.yamux.core.StreamHandler;
import org.relay4j.yamux.io.Driver;
import org.relay4j.yamux.io.LoopDriver;
import org.relay4j.yamux.io.SessionObserver;
import org.relay4j.yamux.io.StreamHeader;
import org.relay4j.yamux.io.StreamObserver;
import org.relay4j.yamux.io.Wire;

/**
 * Access to sessions for Relay's own modules, beyond the public API. Its signatures use types that are exported to those
 * modules only.
 *
 * @hidden not part of the Javadoc
 */
@SuppressWarnings({"exports", "InvalidBlockTag"}) // Error Prone does not know that classes can be hidden
public final class SessionInternals {
    private static final Duration HALF_CLOSE_TIMEOUT = Duration.ofMinutes(5);

    private SessionInternals() {}

    /**
     * Where streams wait to be accepted.
     *
     * @param most the number of streams of one session that may wait
     * @param observer notified of the streams that are accepted; null for none
     * @hidden
     */
    public record Backlog(
            AcceptQueue queue, int most, @Nullable StreamObserver observer) {}

    /**
     * Makes the server end of a session over a wire that has done its handshake, on a loop. The caller starts its {@link #driver}.
     *
     * @param wire non-blocking; belongs to the session unless this method throws
     * @param core {@link #options} or {@link #relayedOptions}
     * @param observer decides what becomes of the streams; called synchronously, with the session's lock held
     * @throws IOException if there is no event loop to run on
     */
    public static Session server(Wire wire, SessionOptions options, CoreOptions core, SessionObserver observer)
            throws IOException {
        return Session.server(wire, options, core, observer);
    }

    /** Returns what moves the bytes of a session that was made by {@link #server}. */
    public static LoopDriver driver(Session session) {
        return (LoopDriver) session.driver();
    }

    /**
     * Has a stream that the peer has opened wait to be accepted. With the session's lock held.
     *
     * @param header that has been read; null if the stream has none
     * @return the handler of the stream; null if it is to be reset, because the backlog is full or the queue is closed
     */
    public static @Nullable StreamHandler enqueue(
            Session session, MuxStream stream, @Nullable StreamHeader header, Backlog backlog) {
        return session.enqueue(stream, header, backlog);
    }

    /** Returns the exception for the end of a session. */
    public static SessionException exception(Cause cause) {
        return SessionException.of(cause);
    }

    /** Returns the header that the session has read before the stream could be accepted; null if there is none. */
    public static @Nullable StreamHeader header(Stream stream) {
        return stream.header();
    }

    /** Returns the totals so far of a session without a {@link Session} facade. */
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

    /** Returns the core options for an application's streams: by default, idle half-closed ones are reset after five minutes. */
    public static CoreOptions options(SessionOptions options) {
        return options(options, HALF_CLOSE_TIMEOUT);
    }

    /**
     * Returns the core options for streams that are spliced to sockets: by default, a half-closed stream may be idle without
     * limit, as in TCP. TCP keep-alive detects a vanished peer of the socket.
     */
    public static CoreOptions relayedOptions(SessionOptions options) {
        return options(options, Duration.ZERO);
    }

    /** Converts the options. The random seed makes the slots of the core's stream table unpredictable for the peer. */
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
