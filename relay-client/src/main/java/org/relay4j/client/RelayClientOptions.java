package org.relay4j.client;

import java.net.InetSocketAddress;
import java.net.PasswordAuthentication;
import java.net.Proxy;
import java.net.ProxySelector;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.TunnelListener;
import org.relay4j.yamux.SessionOptions;
import org.relay4j.yamux.io.Bounds;

/**
 * Options of a relay client: encryption, identity, timeouts, retries and the listener. Immutable.
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
    // Longer than 300 lines because each option has a getter and a setter here, with the one description of its unit
    // and range.
    private static final int MOST_CONNECTIONS = 8;

    /** Maximum number of {@link Builder#nodes nodes}. */
    static final int MOST_NODES = Dial.MOST_ADDRESSES - 1;

    private static final RelayClientOptions DEFAULTS = builder().build();

    private final Builder values;

    private RelayClientOptions(Builder values) {
        this.values = values;
    }

    /** Returns the defaults. */
    public static RelayClientOptions defaults() {
        return DEFAULTS;
    }

    /** Returns a builder with the defaults. */
    public static Builder builder() {
        return new Builder();
    }

    /** Returns a builder with these options. */
    public Builder toBuilder() {
        return new Builder(values);
    }

    /** Returns the timeout of a connect to the server, over all of its addresses. */
    public Duration connectTimeout() {
        return values.connectTimeout;
    }

    /** Returns the timeout for the server to assign a port, including the TLS handshake. */
    public Duration handshakeTimeout() {
        return values.handshakeTimeout;
    }

    /** Returns the timeout of a connect to the local service of a forwarder, for each of its addresses. */
    public Duration localConnectTimeout() {
        return values.localConnectTimeout;
    }

    /** Returns whether a first connect that fails is retried. */
    public boolean retryFirst() {
        return values.retryFirst;
    }

    /** Returns whether a lost tunnel is re-established. */
    public boolean reconnect() {
        return values.reconnect;
    }

    /** Returns the first pause between two attempts to connect. */
    public Duration shortestBackoff() {
        return values.shortestBackoff;
    }

    /** Returns the longest pause between two attempts to connect. */
    public Duration longestBackoff() {
        return values.longestBackoff;
    }

    /** Returns the listener of the tunnel; null if there is none. */
    public @Nullable TunnelListener listener() {
        return values.listener;
    }

    /** Returns how the connection to the server is encrypted; null if it is plain. */
    public @Nullable ClientTls tls() {
        return values.tls;
    }

    /** Returns the selector of the proxy for each connection to the server; null if there is none. */
    public @Nullable ProxySelector proxySelector() {
        return values.proxySelector;
    }

    /** Returns the user name and the password for proxies; null if there are none. */
    @Nullable
    PasswordAuthentication proxyCredentials() {
        return values.proxyCredentials;
    }

    /** Returns the identity of this client; null if it has no name. */
    public @Nullable ClientIdentity identity() {
        return values.identity;
    }

    /** Returns whether a client with an identity may use a connection that is not encrypted. */
    public boolean allowPlainIdentity() {
        return values.allowPlainIdentity;
    }

    /** Returns the public port to ask for; 0 if the server chooses. */
    public int publicPort() {
        return values.publicPort;
    }

    /** Returns the file that keeps the lease of the tunnel for the next process; null if there is none. */
    public @Nullable Path leaseFile() {
        return values.leaseFile;
    }

    /** Returns whether the server is asked for the addresses of visitors. */
    public boolean visitorAddresses() {
        return values.visitorAddresses;
    }

    /** Returns how a forwarder passes the visitor's address to the local service; null if it does not. */
    public @Nullable ProxyProtocol proxyProtocol() {
        return values.proxyProtocol;
    }

    /** Returns whether the tunnel has endpoints that are opened one by one, and no port of its own. */
    boolean severalEndpoints() {
        return values.severalEndpoints;
    }

    /** Returns these options for a tunnel whose endpoints are opened one by one. */
    RelayClientOptions forSeveralEndpoints() {
        Builder several = toBuilder().visitorAddresses(true);
        several.severalEndpoints = true;
        return several.build();
    }

    /** Returns whether streams begin with the address of their visitor. */
    boolean needsVisitorAddresses() {
        return values.visitorAddresses || values.proxyProtocol != null;
    }

    /** Returns the control ports of further nodes of the server's cluster. Immutable. */
    public List<InetSocketAddress> nodes() {
        return values.nodes;
    }

    /** Returns the number of connections of a tunnel. */
    public int connections() {
        return values.connections;
    }

    /** Returns the options of the session with the server. */
    public SessionOptions session() {
        return values.session;
    }

    /** A builder of options; {@link #build} validates the values. Not safe for use by several threads. */
    public static final class Builder {
        private Duration connectTimeout = Duration.ofSeconds(10);
        private Duration handshakeTimeout = Duration.ofSeconds(10);
        private Duration localConnectTimeout = Duration.ofSeconds(10);
        private boolean retryFirst;
        private boolean reconnect = true;
        private Duration shortestBackoff = Duration.ofMillis(200);
        private Duration longestBackoff = Duration.ofSeconds(20);
        private @Nullable TunnelListener listener;
        private @Nullable ClientTls tls;
        private @Nullable ProxySelector proxySelector;
        private @Nullable PasswordAuthentication proxyCredentials;
        private @Nullable ClientIdentity identity;
        private boolean allowPlainIdentity;
        private int publicPort;
        private @Nullable Path leaseFile;
        private boolean visitorAddresses;
        private @Nullable ProxyProtocol proxyProtocol;
        private List<InetSocketAddress> nodes = List.of();
        private int connections = 1;
        private boolean severalEndpoints;
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
            tls = other.tls;
            proxySelector = other.proxySelector;
            proxyCredentials = other.proxyCredentials;
            identity = other.identity;
            allowPlainIdentity = other.allowPlainIdentity;
            publicPort = other.publicPort;
            leaseFile = other.leaseFile;
            visitorAddresses = other.visitorAddresses;
            proxyProtocol = other.proxyProtocol;
            nodes = other.nodes;
            connections = other.connections;
            severalEndpoints = other.severalEndpoints;
            session = other.session;
        }

        /**
         * Sets the timeout of a connect to the server, over all of its addresses: 1 ms to 1 h, default 10 s. Up to 16 addresses
         * are tried, each 250 ms after the previous one, or as soon as that one fails. The first that answers is used.
         */
        public Builder connectTimeout(Duration timeout) {
            connectTimeout = timeout;
            return this;
        }

        /** Sets the timeout for the server to assign a port, including the TLS handshake: 1 ms to 1 h, default 10 s. */
        public Builder handshakeTimeout(Duration timeout) {
            handshakeTimeout = timeout;
            return this;
        }

        /**
         * Sets the timeout of a connect to the local service of a forwarder, for each of its addresses: 1 ms to 1 h, default
         * 10 s. The visitor is reset if no address accepts the connection.
         */
        public Builder localConnectTimeout(Duration timeout) {
            localConnectTimeout = timeout;
            return this;
        }

        /**
         * Sets whether a first connect that fails is retried after the pauses of {@link #backoff}: default false. If true, {@code
         * RelayClient.connect} and {@code forward} block until the tunnel is up. They retry after every {@link
         * java.io.IOException}: an unknown host, no answer, a refusal, or a peer that is not a relay server. The exception is a
         * connection that {@link #allowPlainIdentity} forbids. Each failure is logged at WARN. To stop, interrupt the connecting
         * thread. The call then throws {@link java.io.InterruptedIOException}, leaves no connection open, and keeps the thread's
         * interrupted flag set. A host name lookup cannot be interrupted; the call returns after it.
         */
        public Builder retryFirst(boolean newRetryFirst) {
            retryFirst = newRetryFirst;
            return this;
        }

        /**
         * Sets whether a tunnel that is lost after it was up is re-established: default true. The public port may change, unless
         * the server grants a lease. If true, {@link RelayAcceptor#accept} waits until the tunnel is up again; otherwise it fails.
         */
        public Builder reconnect(boolean newReconnect) {
            reconnect = newReconnect;
            return this;
        }

        /**
         * Sets the first and the longest pause between two attempts to connect: 1 ms to 1 h, default 0.2 s and 20 s. Each pause is
         * about twice the previous one, with jitter.
         */
        public Builder backoff(Duration shortest, Duration longest) {
            shortestBackoff = shortest;
            longestBackoff = longest;
            return this;
        }

        /** Sets the listener of the tunnel; null, the default, means none. */
        public Builder listener(@Nullable TunnelListener newListener) {
            listener = newListener;
            return this;
        }

        /** Sets how the connection to the server is encrypted; null, the default, means that it is plain. */
        public Builder tls(@Nullable ClientTls newTls) {
            tls = newTls;
            return this;
        }

        /**
         * Sets the proxy for connections to the server: an HTTP proxy, which is asked with the method CONNECT, or a SOCKS 5
         * proxy. Null, the default, and {@link Proxy#NO_PROXY} mean none. Replaces the {@link #proxySelector}. The proxy resolves
         * the server's name, so this program need not be able to resolve it. TLS, if it is set, is between this program and the
         * server, and the server's certificate is verified as without a proxy. The proxy's answer counts towards {@link
         * #connectTimeout}.
         *
         * <p>Behind a proxy {@link org.relay4j.api.Tunnel#publicAddress} is not resolved if the server was given by name. System
         * properties and environment variables for proxies are ignored.
         *
         * @throws IllegalArgumentException if the proxy has no host and port
         */
        public Builder proxy(@Nullable Proxy proxy) {
            proxySelector = proxy == null || proxy.type() == Proxy.Type.DIRECT ? null : new OneProxy(proxy);
            return this;
        }

        /**
         * Sets the selector of the proxy for each connection to the server, such as {@link ProxySelector#getDefault} for the
         * proxies of the JVM; null, the default, means none. Replaces the {@link #proxy}. The selector is asked for the URI
         * {@code https://<host>:<port>/} of the server, on a thread that may block. Up to 16 of its proxies are tried in their
         * order, each for an equal share of the time that is left; {@link Proxy#NO_PROXY} means a direct connection. It is
         * notified of proxies that fail.
         */
        public Builder proxySelector(@Nullable ProxySelector selector) {
            proxySelector = selector;
            return this;
        }

        /**
         * Sets the user name and the password for proxies; null, the default, means none. HTTP proxies receive them with each
         * request, as Basic authentication, and SOCKS 5 proxies if they ask: in both cases unencrypted. Each is 1 to 255 bytes in
         * UTF-8, without control characters; the user name has no colon.
         */
        public Builder proxyCredentials(@Nullable PasswordAuthentication credentials) {
            proxyCredentials = credentials;
            return this;
        }

        /**
         * Sets the identity of this client; null, the default, means that it has no name. The server must use the extended
         * protocol, as one with TLS does. Without {@link #tls}, only a server on the loopback address is accepted, see {@link
         * #allowPlainIdentity}.
         */
        public Builder identity(@Nullable ClientIdentity newIdentity) {
            identity = newIdentity;
            return this;
        }

        /**
         * Sets whether a client with an {@link #identity} may use a connection to another machine that is not encrypted: default
         * false. Only for networks in which no one else can read or change traffic.
         */
        public Builder allowPlainIdentity(boolean allow) {
            allowPlainIdentity = allow;
            return this;
        }

        /**
         * Sets the public port to ask for: 1 to 65535, or 0, the default, for the port that the server chooses. The server must
         * use the extended protocol, and its policy must allow the port.
         */
        public Builder publicPort(int port) {
            publicPort = port;
            return this;
        }

        /**
         * Sets a file that keeps the lease of the tunnel, so that a restarted program resumes the same public port: null, the
         * default, means none. The server must use the extended protocol and grant leases. With a lease file, closing the tunnel
         * does not release the port: the server keeps it, and lets visitors wait, until the lease ends. Each tunnel needs its own
         * file: until a tunnel closes or fails to connect, another one with the same file fails with a {@link
         * org.relay4j.api.RelayOptionException}. A lock file beside it, whose name ends with {@code .lock}, stays. The file is
         * created if it does not exist, with permissions for its owner only. Anyone who can read it can take over the tunnel.
         */
        public Builder leaseFile(@Nullable Path file) {
            leaseFile = file;
            return this;
        }

        /**
         * Sets whether the server is asked for the addresses of visitors: default false. If true, {@code
         * getRemoteSocketAddress()} of an accepted socket and {@link org.relay4j.api.Visitor#address} return the visitor's
         * address. The server must use the extended protocol. It sends each address as a header of the visitor's stream, which
         * counts as bytes of the visitor; a visitor whose header is malformed, or not complete within 5 s, is reset.
         */
        public Builder visitorAddresses(boolean wanted) {
            visitorAddresses = wanted;
            return this;
        }

        /**
         * Sets how a forwarder passes the visitor's address to the local service: with a header of the PROXY protocol at the
         * beginning of each local connection; null, the default, means not at all. The service must expect the header. Implies
         * {@link #visitorAddresses}. Acceptors do not support this option.
         */
        public Builder proxyProtocol(@Nullable ProxyProtocol version) {
            proxyProtocol = version;
            return this;
        }

        /**
         * Sets the control ports of further nodes of the server's cluster, at most {@value #MOST_NODES}; default none. The client tries
         * them if it cannot connect to the server, in an order that is random for each tunnel. A node that does not grant a tunnel is
         * tried again after the others. If it refuses because it cannot reach the store of the cluster, one that was not asked yet is
         * asked at once, which takes up to the connect timeout and the handshake timeout again. While visitors wait for the client, it
         * stays with its node instead. If a tunnel
         * has several connections, each new one goes to another node than the one before, if possible. The certificate of a node must
         * be for the host that is given here, or be pinned. All of them must belong to one cluster: a server outside it does not know
         * the tunnel, and gives the client another port.
         *
         * @param further the addresses; an unresolved one is resolved at each attempt
         */
        public Builder nodes(List<InetSocketAddress> further) {
            nodes = List.copyOf(further);
            return this;
        }

        /**
         * Sets the number of connections of a tunnel: 1 to 8, default 1. Each visitor is carried by one of them. The loss of a
         * connection resets its visitors only, and the tunnel stays up while one is left. The server must use the extended
         * protocol and grant leases. The connections are pinged at least every 0.5 s while they are silent, even with a
         * keep-alive interval of zero. If the server refuses another connection, the tunnel continues with fewer until one of
         * them is lost.
         */
        public Builder connections(int number) {
            connections = number;
            return this;
        }

        /**
         * Sets the options of the session with the server: default {@link SessionOptions#defaults}. Their backlog is the number of
         * visitors that may wait for {@code accept()}. Their listener is ignored; use {@link #listener} instead.
         */
        public Builder session(SessionOptions options) {
            session = options;
            return this;
        }

        /**
         * Validates the values and returns the options.
         *
         * @throws IllegalArgumentException if a value is out of range; the message names it
         */
        public RelayClientOptions build() {
            Bounds.timeout("connectTimeout", connectTimeout);
            Bounds.timeout("handshakeTimeout", handshakeTimeout);
            Bounds.timeout("localConnectTimeout", localConnectTimeout);
            Bounds.timeout("shortest backoff", shortestBackoff);
            Bounds.timeout("longest backoff", longestBackoff);
            Objects.requireNonNull(session, "session");
            if (proxyCredentials != null) OneProxy.check(proxyCredentials);
            if (publicPort < 0 || publicPort > 65_535) {
                throw new IllegalArgumentException("publicPort is " + publicPort + ", it must be 0 to 65535");
            }
            checkNodes();
            if (connections < 1 || connections > MOST_CONNECTIONS) {
                throw new IllegalArgumentException(
                        "connections is " + connections + ", it must be 1 to " + MOST_CONNECTIONS);
            }
            if (longestBackoff.compareTo(shortestBackoff) < 0) {
                throw new IllegalArgumentException("longest backoff is " + longestBackoff
                        + ", it must not be below the shortest, " + shortestBackoff);
            }
            return new RelayClientOptions(new Builder(this));
        }

        private void checkNodes() {
            if (nodes.size() > MOST_NODES) {
                throw new IllegalArgumentException(
                        "nodes has " + nodes.size() + " addresses, at most " + MOST_NODES + " are tried");
            }
            for (InetSocketAddress node : nodes) {
                if (node.getPort() == 0)
                    throw new IllegalArgumentException("nodes has " + HostPort.text(node) + " without a port");
            }
            if (!nodes.isEmpty() && proxySelector != null) {
                throw new IllegalArgumentException(
                        "nodes are not used through a proxy; set one of the two, or a host name that"
                                + " has the addresses of all nodes");
            }
        }
    }
}
