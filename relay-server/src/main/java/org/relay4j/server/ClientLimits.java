package org.relay4j.server;

import java.util.ArrayList;
import java.util.List;
import org.relay4j.api.Endpoint;
import org.relay4j.yamux.io.Bandwidth;
import org.relay4j.yamux.io.Bounds;

/**
 * The limits of one client: public ports, host names, tunnels, connections, visitors and bandwidth. The limits of {@link RelayServerOptions} also
 * apply. Immutable.
 *
 * <pre>{@code
 * ClientLimits limits = ClientLimits.builder()
 *         .port(5432) // the client's own port
 *         .ports(7000, 7010)
 *         .maxTunnels(2)
 *         .visitorsPerSecond(50)
 *         .build();
 * }</pre>
 */
public final class ClientLimits {
    private static final ClientLimits DEFAULTS = builder().build();

    private final Builder values;

    private ClientLimits(Builder values) {
        this.values = values;
    }

    /** Returns the defaults: the server chooses a free port for each tunnel, and only its own limits apply. */
    public static ClientLimits defaults() {
        return DEFAULTS;
    }

    /** Returns a builder with the defaults. */
    public static Builder builder() {
        return new Builder();
    }

    /** Returns true if the client may ask for this public port. */
    public boolean allows(int port) {
        for (PortRange range : values.ports) {
            if (range.contains(port)) return true;
        }
        return false;
    }

    /** Returns the port for a client that asks for none: its first one, unless that is a range; otherwise 0. */
    public int ownPort() {
        if (values.ports.isEmpty()) return 0;
        PortRange first = values.ports.get(0);
        return first.isSingle() ? first.lowest() : 0;
    }

    /** Returns the ports that the client may use; empty if the server chooses any free port. */
    List<PortRange> ports() {
        return values.ports;
    }

    /** Returns the maximum number of tunnels with this name; 0 means no limit of its own. */
    public int maxTunnels() {
        return values.maxTunnels;
    }

    /** Returns the maximum number of connections of one tunnel; 0 means no limit of its own. */
    public int maxConnections() {
        return values.maxConnections;
    }

    /** Returns the maximum number of endpoints of one tunnel; 0 means 32 for a client with a name, and 1 for others. */
    public int maxEndpoints() {
        return values.maxEndpoints;
    }

    /** Returns whether several tunnels of the client may serve one endpoint. */
    public boolean share() {
        return values.share;
    }

    /** Returns whether the client may ask for this endpoint. If the server is to choose, this means one of those that it may have. */
    public boolean allows(Endpoint endpoint) {
        return switch (endpoint.kind()) {
            case TCP -> endpoint.isAny() || allows(endpoint.number());
            case UDP -> allowsUdp(endpoint);
            case HOST -> allowsHost(endpoint);
        };
    }

    private boolean allowsUdp(Endpoint endpoint) {
        for (PortRange range : values.udpPorts) {
            if (endpoint.isAny() || range.contains(endpoint.number())) return true;
        }
        return false;
    }

    private boolean allowsHost(Endpoint endpoint) {
        for (HostPattern pattern : values.hosts) {
            if (endpoint.isAny() || pattern.matches(endpoint.name())) return true;
        }
        return false;
    }

    /** Returns the UDP ports that the client may use. */
    List<PortRange> udpPorts() {
        return values.udpPorts;
    }

    /** Returns the host names that the client may use. */
    List<HostPattern> hosts() {
        return values.hosts;
    }

    /** Returns the maximum number of connected visitors of one tunnel; 0 means no limit of its own. */
    public int maxVisitors() {
        return values.maxVisitors;
    }

    /** Returns the maximum number of connected visitors of one tunnel from one address; 0 means no limit. */
    public int maxVisitorsPerAddress() {
        return values.maxVisitorsPerAddress;
    }

    /** Returns the maximum number of new visitors of one tunnel per second; 0 means no limit. */
    public int visitorsPerSecond() {
        return values.visitorsPerSecond;
    }

    /** Returns the bandwidth of one tunnel, in bytes per second; 0 means no limit. */
    public long bandwidth() {
        return values.bandwidth;
    }

    /** A builder of limits; {@link #build} validates the values. Not safe for use by several threads. */
    public static final class Builder {
        private List<PortRange> ports = new ArrayList<>();
        private List<PortRange> udpPorts = new ArrayList<>();
        private List<HostPattern> hosts = new ArrayList<>();
        private int maxTunnels;
        private int maxEndpoints;
        private boolean share;
        private int maxConnections;
        private int maxVisitors;
        private int maxVisitorsPerAddress;
        private int visitorsPerSecond;
        private long bandwidth; // bytes per second

        private Builder() {}

        private Builder(Builder other) {
            ports = List.copyOf(other.ports);
            udpPorts = List.copyOf(other.udpPorts);
            hosts = List.copyOf(other.hosts);
            maxEndpoints = other.maxEndpoints;
            share = other.share;
            maxTunnels = other.maxTunnels;
            maxConnections = other.maxConnections;
            maxVisitors = other.maxVisitors;
            maxVisitorsPerAddress = other.maxVisitorsPerAddress;
            visitorsPerSecond = other.visitorsPerSecond;
            bandwidth = other.bandwidth;
        }

        /**
         * Adds a public port, 1 to 65535. If it is the first, it is the client's own port, which the client gets if it asks for
         * none. The default is no port: the server chooses a free one, and the client cannot ask for one.
         *
         * @throws IllegalArgumentException if the port is out of range
         */
        public Builder port(int port) {
            return ports(port, port);
        }

        /**
         * Adds public ports, 1 to 65535, both included. A client whose first ports are a range, and which asks for none, gets
         * any of its ports that is free.
         *
         * @throws IllegalArgumentException if a port is out of range, or the first is above the last
         */
        public Builder ports(int lowest, int highest) {
            ports.add(new PortRange(lowest, highest));
            return this;
        }

        /**
         * Adds public UDP ports, 1 to 65535, both included. The default is none.
         *
         * @throws IllegalArgumentException if a port is out of range, or the first is above the last
         */
        public Builder udpPorts(int lowest, int highest) {
            udpPorts.add(new PortRange(lowest, highest));
            return this;
        }

        /**
         * Adds a host name, such as {@code app.example.com}, or a pattern for names with one more label, such as {@code
         * *.alice.example.com}. The default is none.
         *
         * @throws IllegalArgumentException if it is neither
         */
        public Builder host(String pattern) {
            hosts.add(HostPattern.of(pattern));
            return this;
        }

        /**
         * Sets the maximum number of endpoints of one tunnel: 1 to 32; 0, the default, means 32 for a client with a name, and 1
         * for others.
         */
        public Builder maxEndpoints(int endpoints) {
            maxEndpoints = endpoints;
            return this;
        }

        /**
         * Sets whether several tunnels of a client with a name may serve one endpoint, if each of them asks for that. Then a visitor
         * goes to the connection with the fewest visitors. The default is false. All tunnels of such a name are on one event loop.
         */
        public Builder share(boolean share) {
            this.share = share;
            return this;
        }

        /** Sets the maximum number of tunnels with this name: 1 to 60,000; 0, the default, means no limit of its own. */
        public Builder maxTunnels(int tunnels) {
            maxTunnels = tunnels;
            return this;
        }

        /** Sets the maximum number of connections of one tunnel: 1 to 8; 0, the default, means no limit of its own. */
        public Builder maxConnections(int connections) {
            maxConnections = connections;
            return this;
        }

        /** Sets the maximum number of connected visitors of one tunnel: 1 to 1,000,000; 0, the default, means no limit. Others are reset. */
        public Builder maxVisitors(int visitors) {
            maxVisitors = visitors;
            return this;
        }

        /**
         * Sets the maximum number of connected visitors of one tunnel from one address or IPv6 /64 network: 1 to 1,000,000; 0,
         * the default, means no limit. Others are reset.
         */
        public Builder maxVisitorsPerAddress(int visitors) {
            maxVisitorsPerAddress = visitors;
            return this;
        }

        /**
         * Sets the maximum number of new visitors of one tunnel per second: 1 to 1,000,000; 0, the default, means no limit. After
         * an idle second, as many may connect at once. Others are reset.
         */
        public Builder visitorsPerSecond(int visitors) {
            visitorsPerSecond = visitors;
            return this;
        }

        /**
         * Sets the bandwidth of one tunnel in bytes per second, for all its visitors and both directions together: 65,536 (64
         * KiB/s) to 4,294,967,296; 0, the default, means no limit. After a pause, up to a tenth of a second's bytes, or 64 KiB if
         * that is more, are transferred at once.
         */
        public Builder bandwidth(long bytesPerSecond) {
            bandwidth = bytesPerSecond;
            return this;
        }

        /**
         * Validates the values and returns the limits.
         *
         * @throws IllegalArgumentException if a value is out of range; the message names it
         */
        public ClientLimits build() {
            Bounds.range("maxTunnels", maxTunnels, 0, 60_000);
            Bounds.range("maxConnections", maxConnections, 0, 8);
            Bounds.range("maxEndpoints", maxEndpoints, 0, Endpoints.MOST);
            Bounds.range("maxVisitors", maxVisitors, 0, 1_000_000);
            Bounds.range("maxVisitorsPerAddress", maxVisitorsPerAddress, 0, 1_000_000);
            Bounds.range("visitorsPerSecond", visitorsPerSecond, 0, 1_000_000);
            if (bandwidth != 0 && (bandwidth < Bandwidth.LOWEST || bandwidth > Bandwidth.HIGHEST)) {
                throw new IllegalArgumentException("bandwidth is " + bandwidth + ", it must be " + Bandwidth.LOWEST
                        + " to " + Bandwidth.HIGHEST + " bytes per second");
            }
            return new ClientLimits(new Builder(this));
        }
    }
}
