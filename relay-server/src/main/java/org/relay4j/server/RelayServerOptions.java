package org.relay4j.server;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.SessionOptions;
import org.relay4j.yamux.io.Bounds;
import org.relay4j.yamux.io.LoopGroup;

/**
 * Addresses, bounds and timeouts of a relay server. Immutable.
 *
 * <pre>{@code
 * RelayServerOptions options = RelayServerOptions.builder()
 *         .port(7000)
 *         .publicPorts(20_000, 29_999)
 *         .maxVisitorsPerTunnel(1_000)
 *         .build();
 * try (RelayServer server = RelayServer.start(options)) {
 *     System.out.println("listening on port " + server.port());
 * }
 * }</pre>
 */
public final class RelayServerOptions {
    private static final RelayServerOptions DEFAULTS = builder().build();

    private final Builder values;

    private RelayServerOptions(Builder values) {
        this.values = values;
    }

    /** Returns the defaults: any free control port, and any free public port for each client, on all addresses. */
    public static RelayServerOptions defaults() {
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

    /** Where relay clients connect. */
    public InetSocketAddress controlAddress() {
        return new InetSocketAddress(values.bindAddress, values.port);
    }

    /** The local address of the public listeners; null for all addresses. */
    public @Nullable InetAddress publicBindAddress() {
        return values.publicBindAddress;
    }

    /** The lowest public port; 0 when any free port will do. */
    public int lowestPublicPort() {
        return values.lowestPublicPort;
    }

    /** The highest public port; 0 when any free port will do. */
    public int highestPublicPort() {
        return values.highestPublicPort;
    }

    /** Tunnels at once. */
    public int maxTunnels() {
        return values.maxTunnels;
    }

    /** Tunnels at once from one client address. */
    public int maxTunnelsPerAddress() {
        return values.maxTunnelsPerAddress;
    }

    /** Tunnels at once whose client has not shown a sign of life yet. */
    public int maxPending() {
        return values.maxPending;
    }

    /** The same from one client address. */
    public int maxPendingPerAddress() {
        return values.maxPendingPerAddress;
    }

    /** Visitors at once, of all tunnels. */
    public int maxVisitors() {
        return values.maxVisitors;
    }

    /** Visitors at once of one tunnel. */
    public int maxVisitorsPerTunnel() {
        return values.maxVisitorsPerTunnel;
    }

    /** Time that a client has for its first sign of life. */
    public Duration handshakeTimeout() {
        return values.handshakeTimeout;
    }

    /** Time for which a tunnel waits for its client; zero if leases only serve to join. */
    public Duration lease() {
        return values.lease;
    }

    /** Time that visitors have to finish when a tunnel has used all its stream ids. */
    Duration retireAfter() {
        return values.retireAfter;
    }

    /** Event loops. */
    public int loops() {
        return values.loops;
    }

    /** Options of the session with each client. */
    public SessionOptions session() {
        return values.session;
    }

    /** Which addresses clients may connect from. */
    AddressFilter clientFilter() {
        return values.clientFilter;
    }

    /** Which addresses visitors may connect from. */
    AddressFilter visitorFilter() {
        return values.visitorFilter;
    }

    /** Returns the TLS settings of the control port; null if it is plain. */
    public @Nullable ServerTls tls() {
        return values.tls;
    }

    /** Returns true if the server speaks the extended protocol on a plain control port. */
    public boolean extended() {
        return values.extended;
    }

    /** Returns the policy, which says which clients the server knows by name; by default none. */
    public TunnelPolicy policy() {
        TunnelPolicy policy = values.policy;
        return policy == null ? TunnelPolicy.nobody() : policy;
    }

    /** Returns true if clients without a name are refused. */
    public boolean requireName() {
        return values.requireName;
    }

    /** How often certificate files are checked for changes. */
    Duration certificateCheck() {
        return values.certificateCheck;
    }

    /** Returns the listener of the server; null when there is none. */
    public @Nullable RelayServerListener listener() {
        return values.listener;
    }

    /** Collects the values; {@link #build} checks them. Not safe for use by several threads. */
    public static final class Builder {
        private @Nullable InetAddress bindAddress;
        private int port;
        private @Nullable InetAddress publicBindAddress;
        private int lowestPublicPort;
        private int highestPublicPort;
        private int maxTunnels = 1_000;
        private int maxTunnelsPerAddress = 100;
        private int maxPending = 256;
        private int maxPendingPerAddress = 64;
        private int maxVisitors = 50_000;
        private int maxVisitorsPerTunnel = 16_384;
        private Duration handshakeTimeout = Duration.ofSeconds(5);
        private Duration lease = Duration.ofSeconds(30);
        private Duration retireAfter = Duration.ofSeconds(60);
        private int loops = LoopGroup.defaultCount();
        private SessionOptions session = SessionOptions.defaults();
        private @Nullable RelayServerListener listener;
        private List<String> allowedClients = List.of();
        private List<String> deniedClients = List.of();
        private List<String> allowedVisitors = List.of();
        private List<String> deniedVisitors = List.of();
        private AddressFilter clientFilter = AddressFilter.OFF; // of the lists, once they are checked
        private AddressFilter visitorFilter = AddressFilter.OFF;
        private @Nullable ServerTls tls;
        private boolean extended;
        private @Nullable TunnelPolicy policy;
        private boolean requireName;
        private Duration certificateCheck = FileWatch.INTERVAL;

        private Builder() {}

        private Builder(Builder other) {
            bindAddress = other.bindAddress;
            port = other.port;
            publicBindAddress = other.publicBindAddress;
            lowestPublicPort = other.lowestPublicPort;
            highestPublicPort = other.highestPublicPort;
            maxTunnels = other.maxTunnels;
            maxTunnelsPerAddress = other.maxTunnelsPerAddress;
            maxPending = other.maxPending;
            maxPendingPerAddress = other.maxPendingPerAddress;
            maxVisitors = other.maxVisitors;
            maxVisitorsPerTunnel = other.maxVisitorsPerTunnel;
            handshakeTimeout = other.handshakeTimeout;
            lease = other.lease;
            retireAfter = other.retireAfter;
            loops = other.loops;
            session = other.session;
            listener = other.listener;
            allowedClients = other.allowedClients;
            deniedClients = other.deniedClients;
            allowedVisitors = other.allowedVisitors;
            deniedVisitors = other.deniedVisitors;
            clientFilter = other.clientFilter;
            visitorFilter = other.visitorFilter;
            tls = other.tls;
            extended = other.extended;
            policy = other.policy;
            requireName = other.requireName;
            certificateCheck = other.certificateCheck;
        }

        /** The local address for relay clients; null, the default, for all addresses. */
        public Builder bindAddress(@Nullable InetAddress address) {
            bindAddress = address;
            return this;
        }

        /** The control port, 0 to 65535; 0, the default, for any free port. */
        public Builder port(int newPort) {
            port = newPort;
            return this;
        }

        /** The local address of the public listeners; null, the default, for all addresses. */
        public Builder publicBindAddress(@Nullable InetAddress address) {
            publicBindAddress = address;
            return this;
        }

        /** The public ports that clients are given, 1 to 65535 both included. The default is any free port. */
        public Builder publicPorts(int lowest, int highest) {
            lowestPublicPort = lowest;
            highestPublicPort = highest;
            return this;
        }

        /** Tunnels at once: 1 to 60,000, default 1,000. One more is refused with {@code ERR limit-reached}. */
        public Builder maxTunnels(int tunnels) {
            maxTunnels = tunnels;
            return this;
        }

        /** Tunnels at once from one client address, or one IPv6 network of 64 bits: 1 to 60,000, default 100. */
        public Builder maxTunnelsPerAddress(int tunnels) {
            maxTunnelsPerAddress = tunnels;
            return this;
        }

        /**
         * Tunnels at once whose client has not shown a sign of life yet: 1 to 60,000, default 256. One more takes the place of
         * the oldest of the address that has the most of them, which is dropped.
         */
        public Builder maxPending(int tunnels) {
            maxPending = tunnels;
            return this;
        }

        /** The same from one client address: 1 to 60,000, default 64. One more takes the place of that address's oldest. */
        public Builder maxPendingPerAddress(int tunnels) {
            maxPendingPerAddress = tunnels;
            return this;
        }

        /** Visitors at once, of all tunnels: 1 to 1,000,000, default 50,000. One more is reset. */
        public Builder maxVisitors(int visitors) {
            maxVisitors = visitors;
            return this;
        }

        /** Visitors at once of one tunnel: 1 to 1,000,000, default 16,384. One more is reset. */
        public Builder maxVisitorsPerTunnel(int visitors) {
            maxVisitorsPerTunnel = visitors;
            return this;
        }

        /** Time that a client has from its connection to its first sign of life, which is any byte: 1 ms to 1 h, default 5 s. */
        public Builder handshakeTimeout(Duration timeout) {
            handshakeTimeout = timeout;
            return this;
        }

        /**
         * Time for which a tunnel waits for its client when the last connection is lost: up to one hour, default 30 s. Its public
         * port stays open, and up to 128 visitors wait there. Zero: the tunnel ends at once. Only clients that ask for a lease
         * can come back.
         */
        public Builder lease(Duration time) {
            lease = time;
            return this;
        }

        /** For tests: a tunnel lives for 2^31 visitors. */
        Builder retireAfter(Duration timeout) {
            retireAfter = timeout;
            return this;
        }

        /** Event loops: 1 to 1,024; the default is half the number of processors. Each is one thread. */
        public Builder loops(int count) {
            loops = count;
            return this;
        }

        /**
         * Options of the session with each client; by default those of {@link SessionOptions#defaults}. Visitors that have
         * closed one direction may be idle for as long as they want, unless {@link
         * SessionOptions.Builder#halfCloseTimeout} is set.
         */
        public Builder session(SessionOptions options) {
            session = options;
            return this;
        }

        /**
         * Networks that clients may connect from, such as {@code 192.0.2.0/24} or {@code 2001:db8::/32}, or single addresses;
         * empty, the default, for all. At most 1,000. Others are disconnected at once.
         */
        public Builder allowClients(List<String> networks) {
            allowedClients = List.copyOf(networks);
            return this;
        }

        /** Networks that clients may not connect from, even if they are allowed: default none, at most 1,000. */
        public Builder denyClients(List<String> networks) {
            deniedClients = List.copyOf(networks);
            return this;
        }

        /** Networks that visitors may connect from; empty, the default, for all. At most 1,000. Others are reset. */
        public Builder allowVisitors(List<String> networks) {
            allowedVisitors = List.copyOf(networks);
            return this;
        }

        /** Networks that visitors may not connect from, even if they are allowed: default none, at most 1,000. */
        public Builder denyVisitors(List<String> networks) {
            deniedVisitors = List.copyOf(networks);
            return this;
        }

        /** Receives the events of the server: default none. */
        public Builder listener(@Nullable RelayServerListener newListener) {
            listener = newListener;
            return this;
        }

        /**
         * Encrypts the control port with TLS: default null, a plain port. Clients that offer the protocol {@code relay/1} by ALPN
         * get the extended protocol, others the base protocol.
         */
        public Builder tls(@Nullable ServerTls settings) {
            tls = settings;
            return this;
        }

        /**
         * Speaks the extended protocol on a plain control port: default false. Clients of the base protocol are then not
         * understood. For trusted networks, and behind a load balancer that terminates TLS.
         */
        public Builder extended(boolean enabled) {
            extended = enabled;
            return this;
        }

        /** Decides which clients are known by name, and what clients may have: default null, no names. */
        public Builder policy(@Nullable TunnelPolicy newPolicy) {
            policy = newPolicy;
            return this;
        }

        /**
         * Refuses clients that do not prove a name, among them all clients of the base protocol: default false. Requires a {@link
         * #policy}. The control port speaks the extended protocol only.
         */
        public Builder requireName(boolean required) {
            requireName = required;
            return this;
        }

        /** For tests: how often certificate files are checked for changes. */
        Builder certificateCheck(Duration interval) {
            certificateCheck = interval;
            return this;
        }

        /**
         * Checks and freezes the values.
         *
         * @throws IllegalArgumentException when a value is out of its range; the message names it
         */
        public RelayServerOptions build() {
            Bounds.range("port", port, 0, 65_535);
            if (lowestPublicPort != 0 || highestPublicPort != 0) {
                Bounds.range("lowest public port", lowestPublicPort, 1, 65_535);
                Bounds.range("highest public port", highestPublicPort, lowestPublicPort, 65_535);
            }
            Bounds.range("maxTunnels", maxTunnels, 1, 60_000);
            Bounds.range("maxTunnelsPerAddress", maxTunnelsPerAddress, 1, 60_000);
            Bounds.range("maxPending", maxPending, 1, 60_000);
            Bounds.range("maxPendingPerAddress", maxPendingPerAddress, 1, 60_000);
            Bounds.range("maxVisitors", maxVisitors, 1, 1_000_000);
            Bounds.range("maxVisitorsPerTunnel", maxVisitorsPerTunnel, 1, 1_000_000);
            Bounds.range("loops", loops, 1, 1_024);
            Bounds.timeout("handshakeTimeout", handshakeTimeout);
            Objects.requireNonNull(lease, "lease");
            if (!lease.isZero()) Bounds.timeout("lease", lease);
            Objects.requireNonNull(session, "session");
            clientFilter = new AddressFilter(allowedClients, deniedClients);
            visitorFilter = new AddressFilter(allowedVisitors, deniedVisitors);
            if (requireName && policy == null) {
                throw new IllegalArgumentException(
                        "requireName is true without a policy: no client could connect; set policy");
            }
            return new RelayServerOptions(new Builder(this));
        }
    }
}
