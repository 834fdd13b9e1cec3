package org.relay4j.client;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Options of one of the endpoints of a {@link RelayTunnel}. Immutable.
 *
 * <pre>{@code
 * ServiceOptions options = ServiceOptions.builder().name("web").build();
 * }</pre>
 */
public final class ServiceOptions {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,64}");
    private static final ServiceOptions DEFAULTS = builder().build();

    private final Builder values;

    private ServiceOptions(Builder values) {
        this.values = values;
    }

    /** Returns the default options. */
    public static ServiceOptions defaults() {
        return DEFAULTS;
    }

    /** Returns a builder with the default values. */
    public static Builder builder() {
        return new Builder();
    }

    /** Returns the name of the service; null if it has none. */
    public @Nullable String name() {
        return values.name;
    }

    /** Returns how a forwarder passes the visitor's address to the local service; null if the option of the tunnel applies. */
    public @Nullable ProxyProtocol proxyProtocol() {
        return values.proxyProtocol;
    }

    /** Returns the check of the local service; null if there is none. */
    public @Nullable HealthCheck healthCheck() {
        return values.healthCheck;
    }

    /** Returns whether other tunnels of the same name may serve the endpoint, too. */
    public boolean share() {
        return values.share;
    }

    /** Returns whether an endpoint that the server refuses at first is retried. */
    public boolean retryFirst() {
        return values.retryFirst;
    }

    /** A builder of options; {@link #build} validates the values. Not safe for use by several threads. */
    public static final class Builder {
        private @Nullable String name;
        private @Nullable ProxyProtocol proxyProtocol;
        private @Nullable HealthCheck healthCheck;
        private boolean share;
        private boolean retryFirst;

        private Builder() {}

        private Builder(Builder other) {
            name = other.name;
            proxyProtocol = other.proxyProtocol;
            healthCheck = other.healthCheck;
            share = other.share;
            retryFirst = other.retryFirst;
        }

        /**
         * Sets the name of the service, which is unique in its tunnel: 1 to 64 letters, digits, dots, underscores and hyphens; null,
         * the default, means that it has none. The name appears in logs, and in the {@linkplain RelayClientOptions.Builder#leaseFile
         * lease file}, which keeps the port or host name that the server has chosen for each service.
         */
        public Builder name(@Nullable String newName) {
            name = newName;
            return this;
        }

        /**
         * Sets how a forwarder passes the visitor's address to the local service, see {@link
         * RelayClientOptions.Builder#proxyProtocol}; null, the default, means that the option of the tunnel applies.
         */
        public Builder proxyProtocol(@Nullable ProxyProtocol version) {
            proxyProtocol = version;
            return this;
        }

        /** Sets the check of a forwarder's local service; null, the default, means none. Acceptors do not support this option. */
        public Builder healthCheck(@Nullable HealthCheck check) {
            healthCheck = check;
            return this;
        }

        /**
         * Sets whether several tunnels of the client's name serve the endpoint together: default false. Each of them sets this
         * option, and names the same port or host name. The server passes each visitor to the connection with the fewest
         * visitors. If a tunnel is down, visitors go to the others. The same holds for a forwarder whose local service accepts no
         * connections: the service is checked before the endpoint is opened, and after a failed connect, every second until it
         * accepts a connection again. An HTTP {@linkplain #healthCheck health check} also detects a service that accepts
         * connections but does not work. An acceptor is not checked: close it if it cannot serve visitors.
         *
         * <p>The server's policy must allow it ({@code share} in the clients file). Otherwise the endpoint is refused, with a {@link
         * org.relay4j.api.RelayRefusedException}. UDP ports cannot be shared.
         */
        public Builder share(boolean newShare) {
            share = newShare;
            return this;
        }

        /**
         * Sets whether an endpoint that the server refuses at first is retried, after the pauses of {@link
         * RelayClientOptions.Builder#backoff}: default false. If true, the call that opens it blocks until the endpoint is open,
         * also while the tunnel is down, and each refusal is logged at WARN. A refusal with the code {@code bad-request} is
         * final. To stop, interrupt the thread or close the tunnel.
         */
        public Builder retryFirst(boolean newRetryFirst) {
            retryFirst = newRetryFirst;
            return this;
        }

        /**
         * Validates the values and returns the options.
         *
         * @throws IllegalArgumentException if the name is malformed
         */
        public ServiceOptions build() {
            if (name != null && !NAME.matcher(name).matches()) {
                throw new IllegalArgumentException(
                        "name is '" + name + "', it must be 1 to 64 letters, digits, dots, underscores or hyphens");
            }
            return new ServiceOptions(new Builder(this));
        }
    }
}
