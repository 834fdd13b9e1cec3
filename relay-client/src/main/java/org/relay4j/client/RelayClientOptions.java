package org.relay4j.client;

import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.TunnelListener;
import org.relay4j.yamux.SessionOptions;
import org.relay4j.yamux.io.Bounds;

/**
 * Options of a relay client: timeouts, retries and the listener. Immutable.
 *
 * <pre>{@code
 * RelayClientOptions options = RelayClientOptions.builder()
 *         .connectTimeout(Duration.ofSeconds(3))
 *         .backoff(Duration.ofMillis(100), Duration.ofSeconds(5))
 *         .build();
 * RelayAcceptor acceptor = RelayClient.connect("relay.example.com", 7000, options);
 * }</pre>
 */
public final class RelayClientOptions {
    private static final RelayClientOptions DEFAULTS = builder().build();

    private final Builder values;

    private RelayClientOptions(Builder values) {
        this.values = values;
    }

    /** The defaults. */
    public static RelayClientOptions defaults() {
        return DEFAULTS;
    }

    /** Starts with the defaults. */
    public static Builder builder() {
        return new Builder();
    }

    /** Starts with these options. */
    public Builder toBuilder() {
        return new Builder(values);
    }

    /** Time to connect to the server, for each of its addresses. */
    public Duration connectTimeout() {
        return values.connectTimeout;
    }

    /** Time that the server has to answer with a port. */
    public Duration handshakeTimeout() {
        return values.handshakeTimeout;
    }

    /** Time to connect to the local service of a forwarder, for each of its addresses. */
    public Duration localConnectTimeout() {
        return values.localConnectTimeout;
    }

    /** Whether a first connect that fails is tried again. */
    public boolean retryFirst() {
        return values.retryFirst;
    }

    /** Whether a tunnel that is lost is re-established. */
    public boolean reconnect() {
        return values.reconnect;
    }

    /** The first pause before a reconnect. */
    public Duration shortestBackoff() {
        return values.shortestBackoff;
    }

    /** The longest pause before a reconnect. */
    public Duration longestBackoff() {
        return values.longestBackoff;
    }

    /** The listener of the tunnel; null if there is none. */
    public @Nullable TunnelListener listener() {
        return values.listener;
    }

    /** Options of the session with the server. */
    public SessionOptions session() {
        return values.session;
    }

    /** Collects the values; {@link #build} checks them. Not safe for use by several threads. */
    public static final class Builder {
        private Duration connectTimeout = Duration.ofSeconds(10);
        private Duration handshakeTimeout = Duration.ofSeconds(10);
        private Duration localConnectTimeout = Duration.ofSeconds(10);
        private boolean retryFirst;
        private boolean reconnect = true;
        private Duration shortestBackoff = Duration.ofMillis(200);
        private Duration longestBackoff = Duration.ofSeconds(20);
        private @Nullable TunnelListener listener;
        private SessionOptions session = SessionOptions.defaults();

        private Builder() {}

        private Builder(Builder other) {
            connectTimeout = other.connectTimeout;
            handshakeTimeout = other.handshakeTimeout;
            localConnectTimeout = other.localConnectTimeout;
            retryFirst = other.retryFirst;
            reconnect = other.reconnect;
            shortestBackoff = other.shortestBackoff;
            longestBackoff = other.longestBackoff;
            listener = other.listener;
            session = other.session;
        }

        /** Time to connect to the server, for each of its addresses: 1 ms to 1 h, default 10 s. */
        public Builder connectTimeout(Duration timeout) {
            connectTimeout = timeout;
            return this;
        }

        /** Time that the server has to answer with a port: 1 ms to 1 h, default 10 s. */
        public Builder handshakeTimeout(Duration timeout) {
            handshakeTimeout = timeout;
            return this;
        }

        /**
         * Time to connect to the local service of a forwarder, for each of its addresses: 1 ms to 1 h, default 10 s. The visitor
         * is reset if none of them answers.
         */
        public Builder localConnectTimeout(Duration timeout) {
            localConnectTimeout = timeout;
            return this;
        }

        /**
         * Whether a first connect that fails is tried again, with the pauses of {@link #backoff}: default false. {@code
         * RelayClient.connect} and {@code forward} then block until the tunnel is up, for as long as that takes. Every {@link
         * java.io.IOException} is retried: an unknown host, no answer, a refusal, and an answer that is not a relay server's.
         * Each failed attempt is logged at WARN. To give up, interrupt the thread that connects: the call then throws {@link
         * java.io.InterruptedIOException}, leaves no connection behind, and keeps the thread's interrupted flag set. A lookup of a
         * host name cannot be interrupted; the call returns when it ends.
         */
        public Builder retryFirst(boolean newRetryFirst) {
            retryFirst = newRetryFirst;
            return this;
        }

        /**
         * Whether a tunnel that is lost after it was once up is re-established: default true. The public port may then be
         * another one. {@link RelayAcceptor#accept} waits meanwhile; without it, it fails.
         */
        public Builder reconnect(boolean newReconnect) {
            reconnect = newReconnect;
            return this;
        }

        /**
         * The pauses before reconnects: each about twice the one before, with jitter, 1 ms to 1 h, default 0.2 s to 20 s.
         */
        public Builder backoff(Duration shortest, Duration longest) {
            shortestBackoff = shortest;
            longestBackoff = longest;
            return this;
        }

        /** The listener that is told of the tunnel; null, the default, for none. */
        public Builder listener(@Nullable TunnelListener newListener) {
            listener = newListener;
            return this;
        }

        /**
         * Options of the session with the server; by default those of {@link SessionOptions#defaults}. Its backlog is the
         * number of visitors that may wait for {@code accept()}. Its listener is not told: {@link #listener} is.
         */
        public Builder session(SessionOptions options) {
            session = options;
            return this;
        }

        /**
         * Checks and freezes the values.
         *
         * @throws IllegalArgumentException when a value is out of its range; the message names it
         */
        public RelayClientOptions build() {
            Bounds.timeout("connectTimeout", connectTimeout);
            Bounds.timeout("handshakeTimeout", handshakeTimeout);
            Bounds.timeout("localConnectTimeout", localConnectTimeout);
            Bounds.timeout("shortest backoff", shortestBackoff);
            Bounds.timeout("longest backoff", longestBackoff);
            Objects.requireNonNull(session, "session");
            if (longestBackoff.compareTo(shortestBackoff) < 0) {
                throw new IllegalArgumentException("longest backoff is " + longestBackoff
                        + ", it must not be below the shortest, " + shortestBackoff);
            }
            return new RelayClientOptions(new Builder(this));
        }
    }
}
