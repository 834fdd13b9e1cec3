package org.relay4j.server;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.api.tls.Fingerprint;
import org.relay4j.server.files.FileWatch;
import org.relay4j.yamux.SessionOptions;
import org.relay4j.yamux.io.Bounds;
import org.relay4j.yamux.io.LoopGroup;
import org.relay4j.yamux.io.SocketFile;

/**
 * The addresses, limits and timeouts of a relay server. Immutable.
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
    // Longer than 300 lines because each option has a getter and a setter here, with the one description of its unit
    // and range.
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

    /** Returns the local address and port for relay clients. */
    public InetSocketAddress controlAddress() {
        return new InetSocketAddress(values.bindAddress, values.port);
    }

    /** Returns the Unix-domain socket for relay clients; null if they connect to the control address. */
    public @Nullable Path controlSocket() {
        return values.controlSocket;
    }

    /** Returns who may connect to the Unix-domain socket. */
    SocketFile.Access controlSocketAccess() {
        return values.controlSocketAccess;
    }

    /** Returns the local address of the public ports; null means all addresses. */
    public @Nullable InetAddress publicBindAddress() {
        return values.publicBindAddress;
    }

    /** Returns the lowest public port; 0 means any free port. */
    public int lowestPublicPort() {
        return values.lowestPublicPort;
    }

    /** Returns the highest public port; 0 means any free port. */
    public int highestPublicPort() {
        return values.highestPublicPort;
    }

    /** Returns the port for visitors of host names with HTTPS; 0 means any free port, null that there is none. */
    public @Nullable Integer httpsPort() {
        return values.httpsPort;
    }

    /** Returns the port for visitors of host names with plain HTTP; 0 means any free port, null that there is none. */
    public @Nullable Integer httpPort() {
        return values.httpPort;
    }

    /** Returns true if plain HTTP requests are redirected to HTTPS. */
    public boolean redirectHttps() {
        return values.redirectHttps;
    }

    /** Returns true if visitors that ask for an unknown host name get an answer before they are disconnected. */
    public boolean answerUnknownNames() {
        return values.answerUnknownNames;
    }

    /** Returns the server's own domain, in lower case; null if it has none. */
    public @Nullable String domain() {
        return values.domain;
    }

    /** Returns the certificate for host names under the domain; null means that of the control port. */
    public @Nullable ServerTls domainTls() {
        return values.domainTls;
    }

    /** Returns the certificate with which the TLS of visitors of a host name ends here; null if it does not. */
    @Nullable
    ServerTls certificateFor(String name) {
        return values.domain == null || !Domain.covers(values.domain, name) ? null : values.domainCertificate();
    }

    /** Returns the maximum number of tunnels. */
    public int maxTunnels() {
        return values.maxTunnels;
    }

    /** Returns the maximum number of tunnels from one client address. */
    public int maxTunnelsPerAddress() {
        return values.maxTunnelsPerAddress;
    }

    /** Returns the maximum number of pending clients, which have not sent anything yet. */
    public int maxPending() {
        return values.maxPending;
    }

    /** Returns the maximum number of pending clients from one address. */
    public int maxPendingPerAddress() {
        return values.maxPendingPerAddress;
    }

    /** Returns the maximum number of connected visitors of all tunnels. */
    public int maxVisitors() {
        return values.maxVisitors;
    }

    /** Returns the maximum number of connected visitors of one tunnel. */
    public int maxVisitorsPerTunnel() {
        return values.maxVisitorsPerTunnel;
    }

    /** Returns how long a client may take for its handshake. */
    public Duration handshakeTimeout() {
        return values.handshakeTimeout;
    }

    /** Returns how long a tunnel waits for its client; zero if leases serve only to add connections. */
    public Duration lease() {
        return values.lease;
    }

    /** Returns true if a client of the base protocol that reconnects gets the last public port of its address. */
    public boolean stickyPorts() {
        return values.stickyPorts;
    }

    /** Returns the file that keeps the tunnels for the next process; null if there is none. */
    public @Nullable Path stateFile() {
        return values.stateFile;
    }

    /** Returns how long a visitor may be idle; zero means without limit. */
    public Duration idleTimeout() {
        return values.idleTimeout;
    }

    /** Returns the maximum number of visitors of one UDP port. */
    public int maxUdpVisitors() {
        return values.maxUdpVisitors;
    }

    /** Returns the maximum number of new visitors of one UDP port per second from one address; 0 means no limit. */
    public int udpVisitorsPerSecond() {
        return values.udpVisitorsPerSecond;
    }

    /** Returns how long a visitor of a UDP port may be silent. */
    public Duration udpIdleTimeout() {
        return values.udpIdleTimeout;
    }

    /** Returns how long visitors may take to finish after a tunnel has used all of its stream ids. */
    Duration retireAfter() {
        return values.retireAfter;
    }

    /** Returns the number of event loops. */
    public int loops() {
        return values.loops;
    }

    /** Returns the options of the session with each client. */
    public SessionOptions session() {
        return values.session;
    }

    /** Returns the filter for the addresses of clients. */
    AddressFilter clientFilter() {
        return values.clientFilter;
    }

    /** Returns the networks of the load balancers whose connections begin with a header. */
    AddressFilter trustedProxies() {
        return values.proxyFilter;
    }

    List<String> trustedProxyNetworks() {
        return values.trustedProxies;
    }

    /** Returns the fingerprints of the load balancers that terminate TLS, in hexadecimal; empty if there are none. */
    Set<String> proxyCertificates() {
        return values.proxyFingerprints;
    }

    /** Returns the filter for the addresses of visitors. */
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

    /** Returns the policy, which decides which clients the server knows by name; by default none. */
    public TunnelPolicy policy() {
        TunnelPolicy policy = values.policy;
        return policy == null ? TunnelPolicy.nobody() : policy;
    }

    /** Returns the policy as it was set; null means the one without names. */
    @Nullable
    TunnelPolicy ownPolicy() {
        return values.policy;
    }

    /** Returns how the server belongs to a cluster; null if it is a single server. */
    public @Nullable ClusterOptions cluster() {
        return values.cluster;
    }

    /** Returns true if clients without a name are refused. */
    public boolean requireName() {
        return values.requireName;
    }

    /** How often certificate files are checked for changes. */
    Duration certificateCheck() {
        return values.certificateCheck;
    }

    /** Returns the listener of the server; null if there is none. */
    public @Nullable RelayServerListener listener() {
        return values.listener;
    }

    /** A builder of options; {@link #build} validates the values. Not safe for use by several threads. */
    public static final class Builder {
        private @Nullable InetAddress bindAddress;
        private int port;
        private @Nullable Path controlSocket;
        private SocketFile.Access controlSocketAccess = SocketFile.Access.USUAL;
        private @Nullable InetAddress publicBindAddress;
        private int lowestPublicPort;
        private int highestPublicPort;
        private @Nullable Integer httpsPort;
        private @Nullable String domain;
        private @Nullable ServerTls domainTls;
        private @Nullable Integer httpPort;
        private boolean redirectHttps;
        private boolean answerUnknownNames = true;
        private int maxTunnels = 1_000;
        private int maxTunnelsPerAddress = 100;
        private int maxPending = 256;
        private int maxPendingPerAddress = 64;
        private int maxVisitors = 50_000;
        private int maxVisitorsPerTunnel = 16_384;
        private Duration handshakeTimeout = Duration.ofSeconds(5);
        private Duration lease = Duration.ofSeconds(30);
        private boolean stickyPorts;
        private @Nullable Path stateFile;
        private Duration idleTimeout = Duration.ZERO;
        private int maxUdpVisitors = 1_024;
        private int udpVisitorsPerSecond = 500;
        private Duration udpIdleTimeout = Duration.ofSeconds(60);
        private Duration retireAfter = Duration.ofSeconds(60);
        private int loops = LoopGroup.defaultCount();
        private SessionOptions session = SessionOptions.defaults();
        private @Nullable RelayServerListener listener;
        private List<String> allowedClients = List.of();
        private List<String> deniedClients = List.of();
        private List<String> allowedVisitors = List.of();
        private List<String> deniedVisitors = List.of();
        private List<String> trustedProxies = List.of();
        private List<String> proxyCertificates = List.of();
        private Set<String> proxyFingerprints = Set.of(); // of the list, once it is checked
        private AddressFilter proxyFilter = AddressFilter.OFF;
        private AddressFilter clientFilter = AddressFilter.OFF; // of the lists, once they are checked
        private AddressFilter visitorFilter = AddressFilter.OFF;
        private @Nullable ServerTls tls;
        private boolean extended;
        private @Nullable TunnelPolicy policy;
        private boolean requireName;
        private @Nullable ClusterOptions cluster;
        private Duration certificateCheck = FileWatch.INTERVAL;

        private Builder() {}

        private Builder(Builder other) {
            bindAddress = other.bindAddress;
            port = other.port;
            controlSocket = other.controlSocket;
            controlSocketAccess = other.controlSocketAccess;
            publicBindAddress = other.publicBindAddress;
            lowestPublicPort = other.lowestPublicPort;
            highestPublicPort = other.highestPublicPort;
            httpsPort = other.httpsPort;
            domain = other.domain;
            domainTls = other.domainTls;
            httpPort = other.httpPort;
            redirectHttps = other.redirectHttps;
            answerUnknownNames = other.answerUnknownNames;
            maxTunnels = other.maxTunnels;
            maxTunnelsPerAddress = other.maxTunnelsPerAddress;
            maxPending = other.maxPending;
            maxPendingPerAddress = other.maxPendingPerAddress;
            maxVisitors = other.maxVisitors;
            maxVisitorsPerTunnel = other.maxVisitorsPerTunnel;
            handshakeTimeout = other.handshakeTimeout;
            lease = other.lease;
            stickyPorts = other.stickyPorts;
            stateFile = other.stateFile;
            idleTimeout = other.idleTimeout;
            maxUdpVisitors = other.maxUdpVisitors;
            udpVisitorsPerSecond = other.udpVisitorsPerSecond;
            udpIdleTimeout = other.udpIdleTimeout;
            retireAfter = other.retireAfter;
            loops = other.loops;
            session = other.session;
            listener = other.listener;
            allowedClients = other.allowedClients;
            deniedClients = other.deniedClients;
            allowedVisitors = other.allowedVisitors;
            deniedVisitors = other.deniedVisitors;
            trustedProxies = other.trustedProxies;
            proxyFilter = other.proxyFilter;
            proxyCertificates = other.proxyCertificates;
            proxyFingerprints = other.proxyFingerprints;
            clientFilter = other.clientFilter;
            visitorFilter = other.visitorFilter;
            tls = other.tls;
            extended = other.extended;
            policy = other.policy;
            requireName = other.requireName;
            cluster = other.cluster;
            certificateCheck = other.certificateCheck;
        }

        /** Sets the local address for relay clients; null, the default, means all addresses. */
        public Builder bindAddress(@Nullable InetAddress address) {
            bindAddress = address;
            return this;
        }

        /** Sets the control port, 0 to 65535; 0, the default, means any free port. */
        public Builder port(int newPort) {
            port = newPort;
            return this;
        }

        /**
         * Listens for clients on a Unix-domain socket instead of the control port. Its file is created, and removed when the server
         * is closed; a socket that a dead process has left is replaced. Clients that connect to it count as clients from {@code
         * 127.0.0.1}, for example for {@link #trustedProxies}. Null, the default, means the control port.
         */
        public Builder controlSocket(@Nullable Path path) {
            controlSocket = path;
            return this;
        }

        /**
         * Sets who may connect to the {@link #controlSocket}. By default, the umask of the process decides.
         *
         * @param mode the permissions of its file; clients need write permission to connect; null means that the umask determines
         *     them
         * @param owner its user; null means that of the process
         * @param group its group; null means that of the process
         */
        public Builder controlSocketAccess(
                @Nullable Set<PosixFilePermission> mode, @Nullable String owner, @Nullable String group) {
            controlSocketAccess = new SocketFile.Access(mode == null ? null : Set.copyOf(mode), owner, group);
            return this;
        }

        /** Sets the local address of the public ports; null, the default, means all addresses. */
        public Builder publicBindAddress(@Nullable InetAddress address) {
            publicBindAddress = address;
            return this;
        }

        /** Sets the range of public ports, both ends included: 1 to 65535. The default is any free port. */
        public Builder publicPorts(int lowest, int highest) {
            lowestPublicPort = lowest;
            highestPublicPort = highest;
            return this;
        }

        /**
         * Sets the port for visitors of host names with HTTPS, usually 443: 0 to 65535; 0 means any free port. Default: none. The
         * server reads the host name that the visitor sends at the start of TLS (SNI), and passes all bytes to the tunnel with that
         * name, still encrypted: the service behind the tunnel has the certificate. Visitors with an unknown name are refused.
         */
        public Builder httpsPort(int newPort) {
            httpsPort = newPort;
            return this;
        }

        /**
         * Sets the port for visitors of host names with plain HTTP, usually 80: 0 to 65535; 0 means any free port. Default: none.
         * The Host of the first request decides about the whole connection. HTTP/1.0, HTTP/1.1, and HTTP/2 from clients that send the
         * first request without waiting for the server.
         */
        public Builder httpPort(int newPort) {
            httpPort = newPort;
            return this;
        }

        /**
         * Sets the server's own domain: default null, none. A client that asks for any host name gets a random one under it, with 80
         * random bits, such as {@code x3k7q2mzp5rtw4ya.relay.example.com}. At the {@link #httpsPort}, TLS of visitors of names one
         * label under the domain ends at the server, which needs a certificate for {@code *.domain}: the service behind the tunnel
         * receives plain HTTP/1.1, or whatever the visitor encrypts. The DNS must have a wildcard entry for the domain.
         *
         * @throws IllegalArgumentException if it is not a host name
         */
        public Builder domain(@Nullable String name) {
            domain = name == null ? null : Endpoint.host(name).name();
            return this;
        }

        /** Sets the certificate for host names under the {@link #domain}; null, the default, means that of {@link #tls}. */
        public Builder domainTls(@Nullable ServerTls settings) {
            domainTls = settings;
            return this;
        }

        /**
         * Answers requests at the {@link #httpPort} with a redirect to the {@link #httpsPort}, in place of passing them to a tunnel:
         * default false.
         */
        public Builder redirectHttps(boolean redirect) {
            redirectHttps = redirect;
            return this;
        }

        /**
         * Answers visitors that ask for an unknown host name, with "404 Not Found" or the TLS alert {@code unrecognized_name}:
         * default true. Otherwise they are disconnected without an answer.
         */
        public Builder answerUnknownNames(boolean answer) {
            answerUnknownNames = answer;
            return this;
        }

        /**
         * Sets the maximum number of tunnels: 1 to 60,000, default 1,000. Others are refused with {@code ERR limit-reached}. Closed
         * tunnels whose last visitors are still connected do not count, but there may be no more than this of them either: beyond
         * that, the visitors of the oldest one are reset. The same holds for the limits for each address and name.
         */
        public Builder maxTunnels(int tunnels) {
            maxTunnels = tunnels;
            return this;
        }

        /** Sets the maximum number of tunnels from one client address or IPv6 /64 network: 1 to 60,000, default 100. */
        public Builder maxTunnelsPerAddress(int tunnels) {
            maxTunnelsPerAddress = tunnels;
            return this;
        }

        /**
         * Sets the maximum number of pending clients, which have not sent anything yet: 1 to 60,000, default 256. A further one
         * displaces the oldest pending client of the address with the most. As many clients may wait for a decision of the policy or of
         * the cluster's store at the same time; further ones are refused, and may try again.
         */
        public Builder maxPending(int tunnels) {
            maxPending = tunnels;
            return this;
        }

        /**
         * Sets the maximum number of pending clients from one address: 1 to 60,000, default 64. A further one displaces its oldest. As
         * many clients of one address may wait for a decision, as with {@link #maxPending}.
         */
        public Builder maxPendingPerAddress(int tunnels) {
            maxPendingPerAddress = tunnels;
            return this;
        }

        /** Sets the maximum number of connected visitors of all tunnels: 1 to 1,000,000, default 50,000. Others are reset. */
        public Builder maxVisitors(int visitors) {
            maxVisitors = visitors;
            return this;
        }

        /** Sets the maximum number of connected visitors of one tunnel: 1 to 1,000,000, default 16,384. Others are reset. */
        public Builder maxVisitorsPerTunnel(int visitors) {
            maxVisitorsPerTunnel = visitors;
            return this;
        }

        /**
         * Sets how long a client may take from its connection to its first byte, or with the extended protocol until TLS and its
         * line are complete: 1 ms to 1 h, default 5 s. The same time limits the header of a load balancer, and the first bytes of
         * visitors of host names.
         */
        public Builder handshakeTimeout(Duration timeout) {
            handshakeTimeout = timeout;
            return this;
        }

        /**
         * Sets how long a tunnel waits for its client when its last connection is lost: up to one hour, default 30 s. Its public
         * port stays open, and up to 128 visitors wait there. Zero means that the tunnel ends at once, and leases serve only to
         * add connections. Only clients that ask for a lease can come back.
         */
        public Builder lease(Duration time) {
            lease = time;
            return this;
        }

        /**
         * Sets how long a visitor may be connected without a byte in either direction: up to one year; zero, the default, means
         * without limit. A visitor that is idle for longer is reset.
         */
        public Builder idleTimeout(Duration timeout) {
            idleTimeout = timeout;
            return this;
        }

        /**
         * Sets the maximum number of visitors of one UDP port, which do not count as visitors of a tunnel: 1 to 65,536, default 1,024. A
         * visitor is an address with a port. Beyond the maximum, the one that has been silent for the longest gives way to a new one,
         * but only if it has not sent again after a reply.
         */
        public Builder maxUdpVisitors(int visitors) {
            maxUdpVisitors = visitors;
            return this;
        }

        /**
         * Sets the maximum number of new visitors of one UDP port per second from one address or IPv6 /64 network: 1 to 1,000,000,
         * default 500; 0 means no limit. After an idle second, as many may come at once. Datagrams of others are dropped.
         */
        public Builder udpVisitorsPerSecond(int visitors) {
            udpVisitorsPerSecond = visitors;
            return this;
        }

        /**
         * Sets how long a visitor of a UDP port may be silent: 1 ms to 1 h, default 60 s. Then its stream ends, and it gets no more
         * replies. Until its first reply, the time is at most 10 s. It is checked once a second.
         */
        public Builder udpIdleTimeout(Duration timeout) {
            udpIdleTimeout = timeout;
            return this;
        }

        /** For tests, because a tunnel has 2^31 stream ids. */
        Builder retireAfter(Duration timeout) {
            retireAfter = timeout;
            return this;
        }

        /**
         * Sets the number of event loops, each of which is a thread: 1 to 1,024, by default half the number of processors. If it is one,
         * and the server is not a node of a cluster, there is a second thread for further connections of tunnels.
         */
        public Builder loops(int count) {
            loops = count;
            return this;
        }

        /**
         * Sets the options of the session with each client: default {@link SessionOptions#defaults}. Half-closed visitors may be
         * idle without limit, unless {@link SessionOptions.Builder#halfCloseTimeout} is set.
         */
        public Builder session(SessionOptions options) {
            session = options;
            return this;
        }

        /**
         * Sets the networks from which clients may connect, such as {@code 192.0.2.0/24} or {@code 2001:db8::/32}, or single
         * addresses: at most 1,000; empty, the default, means all. Other clients are disconnected at once.
         */
        public Builder allowClients(List<String> networks) {
            allowedClients = List.copyOf(networks);
            return this;
        }

        /** Sets the networks from which clients may not connect, even if they are allowed: at most 1,000, default none. */
        public Builder denyClients(List<String> networks) {
            deniedClients = List.copyOf(networks);
            return this;
        }

        /** Sets the networks from which visitors may connect: at most 1,000; empty, the default, means all. Others are reset. */
        public Builder allowVisitors(List<String> networks) {
            allowedVisitors = List.copyOf(networks);
            return this;
        }

        /** Sets the networks from which visitors may not connect, even if they are allowed: at most 1,000, default none. */
        public Builder denyVisitors(List<String> networks) {
            deniedVisitors = List.copyOf(networks);
            return this;
        }

        /**
         * Sets the networks of the load balancers in front of the control port or the public ports: at most 1,000, default none.
         * A connection from one must begin with a header of the PROXY protocol, version 1 or 2, within the handshake timeout. The
         * address in the header then counts as that of the client or visitor. A connection whose header has no address, or that
         * ends before its first byte, is a health check.
         */
        public Builder trustedProxies(List<String> networks) {
            trustedProxies = List.copyOf(networks);
            return this;
        }

        /**
         * Sets the fingerprints of the certificates with which load balancers in front of the control port terminate TLS, each as
         * {@code sha256:} and hexadecimal digits: at most 100, default none. A client with a key signs the certificate that it
         * sees. Without this option it must be the certificate of this server; with this option it must be one of these, and the
         * server's own does not count. Requires {@link #extended}, {@link #requireName} or {@link #tls}.
         */
        public Builder proxyCertificates(List<String> fingerprints) {
            proxyCertificates = List.copyOf(fingerprints);
            return this;
        }

        /** Sets the listener of the server: default none. */
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

        /** Sets the policy, which decides which clients are known by name, and what clients may have: default null, no names. */
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

        /**
         * Makes the server a node of a cluster; null, the default, for a single server. Requires {@link #publicPorts}, with the same range
         * at all nodes. Cannot be combined with {@link #stateFile}, because the store of the cluster keeps the tunnels, or with {@link
         * #stickyPorts}. The server closes the store when it ends.
         */
        public Builder cluster(@Nullable ClusterOptions newCluster) {
            cluster = newCluster;
            return this;
        }

        private void checkCluster() {
            if (cluster == null) return;
            if (lowestPublicPort == 0) {
                throw new IllegalArgumentException(
                        "cluster is set without a range of public ports, which every node must have; set publicPorts");
            }
            if (stateFile != null) {
                throw new IllegalArgumentException(
                        "cluster and stateFile are set, but the store of the cluster keeps the tunnels; remove stateFile");
            }
            if (stickyPorts) {
                throw new IllegalArgumentException(
                        "cluster and stickyPorts are set, but a node does not know the last ports of other nodes; remove stickyPorts");
            }
        }

        /** For tests: how often certificate files are checked for changes. */
        Builder certificateCheck(Duration interval) {
            certificateCheck = interval;
            return this;
        }

        /**
         * Keeps the tunnels of clients with a lease across a restart, also if the process is killed: default null, no file. The
         * next server with this file binds their public ports before its control port, and each tunnel waits for its client for
         * the whole time of {@link #lease}. A client gets its lease when the file has it. The file has hashes of the leases, not
         * the leases; only its owner can read it. It belongs to one server at a time.
         */
        public Builder stateFile(@Nullable Path file) {
            stateFile = file;
            return this;
        }

        /**
         * Gives a client of the base protocol that reconnects the last public port of its address or IPv6 /64 network: default
         * false. This holds for ten minutes after the end of its tunnel, if no other port was used from that address in the last
         * ten minutes and no tunnel is open. It never holds for loopback addresses and trusted proxies, which several clients
         * share. A client that needs its port for certain requires a lease or a name.
         */
        public Builder stickyPorts(boolean enabled) {
            stickyPorts = enabled;
            return this;
        }

        private @Nullable ServerTls domainCertificate() {
            return domainTls == null ? tls : domainTls;
        }

        private void checkDomain() {
            if (domain == null) {
                if (domainTls != null)
                    throw new IllegalArgumentException("domainTls is set, but no domain; set domain");
                return;
            }
            if (httpsPort == null && httpPort == null) {
                throw new IllegalArgumentException("domain is " + domain
                        + ", but visitors cannot reach names under it; set httpsPort or httpPort");
            }
            ServerTls certificate = domainCertificate();
            if (httpsPort == null || (certificate != null && certificate.covers(domain))) return;
            throw new IllegalArgumentException(
                    "domain is " + domain + ", but the server has no certificate for *." + domain + "; set domainTls");
        }

        private void checkStateFile() {
            if (stateFile == null) return;
            if (lease.isZero()) {
                throw new IllegalArgumentException(
                        "stateFile is " + stateFile + ", but lease is 0: no tunnel could be kept; set a lease");
            }
            if (tls == null && !extended && !requireName) {
                throw new IllegalArgumentException("stateFile is " + stateFile
                        + ", but clients get no lease on a plain port; set tls, extended or requireName");
            }
        }

        /**
         * Validates the values and returns the options.
         *
         * @throws IllegalArgumentException if a value is out of range; the message names the option
         */
        public RelayServerOptions build() {
            Bounds.range("port", port, 0, 65_535);
            if (lowestPublicPort != 0 || highestPublicPort != 0) {
                Bounds.range("lowest public port", lowestPublicPort, 1, 65_535);
                Bounds.range("highest public port", highestPublicPort, lowestPublicPort, 65_535);
            }
            if (httpsPort != null) Bounds.range("httpsPort", httpsPort, 0, 65_535);
            if (httpPort != null) Bounds.range("httpPort", httpPort, 0, 65_535);
            checkDomain();
            if (redirectHttps && (httpsPort == null || httpPort == null)) {
                throw new IllegalArgumentException(
                        "redirectHttps is true, but not both ports are set; set httpPort and httpsPort");
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
            checkStateFile();
            checkCluster();
            Bounds.timeoutOrOff("idleTimeout", idleTimeout);
            Bounds.range("maxUdpVisitors", maxUdpVisitors, 1, 65_536);
            Bounds.range("udpVisitorsPerSecond", udpVisitorsPerSecond, 0, 1_000_000);
            Bounds.timeout("udpIdleTimeout", udpIdleTimeout);
            Objects.requireNonNull(session, "session");
            proxyFilter = new AddressFilter(trustedProxies, List.of());
            proxyFingerprints = fingerprints(proxyCertificates);
            clientFilter = new AddressFilter(allowedClients, deniedClients);
            visitorFilter = new AddressFilter(allowedVisitors, deniedVisitors);
            if (requireName && policy == null) {
                throw new IllegalArgumentException(
                        "requireName is true without a policy: no client could connect; set policy");
            }
            if (!proxyFingerprints.isEmpty() && !extended && !requireName && tls == null) {
                throw new IllegalArgumentException(
                        "proxyCertificates has no effect on a plain port, where clients cannot show a name; set extended");
            }
            return new RelayServerOptions(new Builder(this));
        }

        private static Set<String> fingerprints(List<String> texts) {
            Bounds.range("number of proxyCertificates", texts.size(), 0, 100);
            return texts.stream().map(text -> Fingerprint.parse(text).hex()).collect(Collectors.toUnmodifiableSet());
        }
    }
}
