package org.relay4j.client;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelStatistics;
import org.relay4j.yamux.AcceptQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A tunnel with several endpoints: ports and host names, each with an acceptor, a forwarder or a datagram socket of its own.
 * Endpoints can be opened and closed while the tunnel is up, and share its connections to the server.
 *
 * <pre>{@code
 * RelayClientOptions secure = RelayClientOptions.builder()
 *         .tls(ClientTls.pinned(fingerprint))
 *         .identity(ClientIdentity.ofFile("web-1", keyFile))
 *         .build();
 * try (RelayTunnel tunnel = RelayClient.open("secure.example.com", 7000, secure)) {
 *     RelayForwarder database = tunnel.forward(Endpoint.port(17000), service);
 *     System.out.println("the database is reachable at " + database.publicAddress());
 *     RelayAcceptor web = tunnel.acceptor(Endpoint.anyPort());
 *     serve(web.accept());
 * }
 * }</pre>
 *
 * <p>If the connection to the server is lost, the tunnel is re-established with back-off, and its endpoints are opened again. An
 * endpoint that the server refuses then, for example because another client has it by now, is retried with back-off; its acceptor or
 * forwarder stays and {@code isOpen()} returns false. A port or name that the server chooses may change, unless the server grants a
 * lease. If that happens, {@link org.relay4j.api.TunnelListener#publicAddressChanged} is called with the acceptor or forwarder.
 *
 * <p>The listener of the options receives this tunnel when it goes up or down, and the acceptor or forwarder of each visitor. Visitors
 * that are half-closed may be idle without limit, unless {@code SessionOptions.halfCloseTimeout} is set.
 *
 * <p>All threads are daemon threads. Safe for use by several threads.
 */
public final class RelayTunnel implements Tunnel {
    private static final Logger log = LoggerFactory.getLogger(RelayTunnel.class);

    /** The pause between two checks of the service of a shared endpoint that is down, unless it has a health check. */
    private static final Duration RECOVERY = Duration.ofSeconds(1);

    private final RelayClientOptions options;
    private final Services services;
    private final ClientTunnel tunnel;

    private RelayTunnel(InetSocketAddress server, RelayClientOptions options) {
        this.options = options;
        services = new Services(server, options, this);
        tunnel = services.tunnel();
    }

    static RelayTunnel open(InetSocketAddress server, RelayClientOptions options) throws IOException {
        RelayTunnel opened = new RelayTunnel(server, options);
        opened.tunnel.connect();
        boolean announced = false;
        try {
            opened.tunnel.announce();
            announced = true;
            return opened;
        } finally {
            if (!announced) opened.tunnel.closeNow();
        }
    }

    /** Opens an endpoint with default options. See {@link #acceptor(Endpoint, ServiceOptions)}. */
    public RelayAcceptor acceptor(Endpoint endpoint) throws IOException {
        return acceptor(endpoint, ServiceOptions.defaults());
    }

    /**
     * Opens an endpoint whose visitors are accepted like the connections of a {@link java.net.ServerSocket}. Closing the acceptor gives
     * the endpoint back, and leaves the rest of the tunnel as it is.
     *
     * <p>Blocks until the server has answered, at most for the handshake timeout, in which a tunnel that is down must be up again. With
     * {@link ServiceOptions.Builder#retryFirst} it retries until the endpoint is open or the thread is interrupted.
     *
     * @throws org.relay4j.api.RelayRefusedException if the server refuses the endpoint
     * @throws org.relay4j.api.RelayUnreachableException if there is no answer in time
     * @throws java.net.BindException if the tunnel has this endpoint, or a service with this name
     * @throws java.net.SocketException if the tunnel is closed
     * @throws java.io.InterruptedIOException if the thread is interrupted; its interrupted flag stays set
     * @throws IllegalArgumentException if it is a UDP port, an option is one of forwarders, or an endpoint to share is not named
     * @throws IllegalStateException if the tunnel has 256 endpoints
     */
    public RelayAcceptor acceptor(Endpoint endpoint, ServiceOptions serviceOptions) throws IOException {
        requireConnections(endpoint);
        checkShare(endpoint, serviceOptions);
        if (serviceOptions.proxyProtocol() != null || serviceOptions.healthCheck() != null) {
            throw new IllegalArgumentException("proxyProtocol and healthCheck are options of forwarders");
        }
        AcceptQueue queue = new AcceptQueue();
        OpenVisitors visitors = new OpenVisitors();
        Visits visits = new Visits(tunnel.events(), visitors);
        Service service = new AcceptService(queue, options, visits);
        ServedEndpoint served = open(endpoint, serviceOptions, new ServedEndpoint.Parts(service, visits, visitors));
        boolean made = false;
        try {
            RelayAcceptor acceptor = RelayAcceptor.of(served, queue);
            visits.show(acceptor);
            made = true;
            return acceptor;
        } finally {
            if (!made) served.closeNow();
        }
    }

    /** Opens an endpoint with default options. See {@link #forward(Endpoint, SocketAddress, ServiceOptions)}. */
    public RelayForwarder forward(Endpoint endpoint, SocketAddress local) throws IOException {
        return forward(endpoint, local, ServiceOptions.defaults());
    }

    /**
     * Opens an endpoint and connects each of its visitors to a service that this program can reach. Closing the forwarder gives the
     * endpoint back, and leaves the rest of the tunnel as it is. Blocks and throws as {@link #acceptor(Endpoint, ServiceOptions)} does.
     *
     * @param local the service: an {@link InetSocketAddress}, which is resolved now, and again with each connection to the server, if it
     *     is unresolved, or a {@link java.net.UnixDomainSocketAddress}
     * @throws java.net.UnknownHostException if the service's host is unknown
     * @throws IllegalArgumentException if no service can have this address; for a UDP port, also if it is a Unix-domain socket, or {@code
     *     proxyProtocol}, {@code healthCheck} or {@code share} is set
     */
    public RelayForwarder forward(Endpoint endpoint, SocketAddress local, ServiceOptions serviceOptions)
            throws IOException {
        boolean udp = endpoint.kind() == Endpoint.Kind.UDP;
        RelayForwarder.check(endpoint, local);
        checkShare(endpoint, serviceOptions);
        ProxyProtocol own = serviceOptions.proxyProtocol();
        HealthCheck check = serviceOptions.healthCheck();
        if (udp && (own != null || check != null)) {
            throw new IllegalArgumentException(
                    endpoint + " has datagrams, not connections; leave out proxyProtocol and healthCheck");
        }
        OpenVisitors visitors = new OpenVisitors();
        Visits visits = new Visits(tunnel.events(), visitors);
        LocalTarget target = LocalTarget.of(local);
        Service service = udp
                ? new DatagramForwardService(target, visits)
                : new ForwardService(
                        target, options.localConnectTimeout(), own != null ? own : options.proxyProtocol(), visits);
        service.prepare();
        ServedEndpoint served = served(endpoint, serviceOptions, new ServedEndpoint.Parts(service, visits, visitors));
        RelayForwarder forwarder = RelayForwarder.of(served, local, target);
        visits.show(forwarder);
        HealthProbe probe = service instanceof ForwardService connecting ? probe(served, connecting) : null;
        services.open(served);
        if (probe != null) probe.start();
        return forwarder;
    }

    /** Returns what checks the local service; null if nothing does. That of a shared endpoint is checked when a connect has failed. */
    private @Nullable HealthProbe probe(ServedEndpoint served, ForwardService service) {
        HealthCheck check = served.options.healthCheck();
        boolean share = served.options.share();
        if (check == null && !share) return null;
        HealthCheck used = check != null ? check : HealthCheck.tcp().interval(RECOVERY);
        HealthProbe probe = new HealthProbe(served, service, used, check != null, up -> services.ready(served, up));
        if (share) {
            service.whenUnreachable(probe::unreachable);
            probe.first();
        }
        return probe;
    }

    /** Opens a UDP port with default options. See {@link #datagrams(Endpoint, ServiceOptions)}. */
    public RelayDatagramSocket datagrams(Endpoint endpoint) throws IOException {
        return datagrams(endpoint, ServiceOptions.defaults());
    }

    /**
     * Opens a UDP port whose datagrams this program receives and sends. Closing the socket gives the port back, and leaves the rest of
     * the tunnel as it is. Blocks and throws as {@link #acceptor(Endpoint, ServiceOptions)} does.
     *
     * @throws IllegalArgumentException if it is no UDP port, or {@code share} is set
     */
    public RelayDatagramSocket datagrams(Endpoint endpoint, ServiceOptions serviceOptions) throws IOException {
        if (endpoint.kind() != Endpoint.Kind.UDP) {
            throw new IllegalArgumentException(endpoint + " is not a UDP port; use acceptor or forward");
        }
        checkShare(endpoint, serviceOptions);
        OpenVisitors visitors = new OpenVisitors();
        Visits visits = new Visits(tunnel.events(), visitors);
        DatagramVisitors service = new DatagramVisitors(visits);
        ServedEndpoint served = open(endpoint, serviceOptions, new ServedEndpoint.Parts(service, visits, visitors));
        boolean made = false;
        try {
            RelayDatagramSocket socket = new RelayDatagramSocket(service, served);
            made = true;
            return socket;
        } finally {
            if (!made) served.closeNow();
        }
    }

    private static void requireConnections(Endpoint endpoint) {
        if (endpoint.kind() == Endpoint.Kind.UDP) {
            throw new IllegalArgumentException(
                    endpoint + " has datagrams, not connections; use a TCP port or a host name");
        }
    }

    private static void checkShare(Endpoint endpoint, ServiceOptions serviceOptions) {
        if (!serviceOptions.share()) return;
        if (endpoint.kind() == Endpoint.Kind.UDP) {
            throw new IllegalArgumentException(endpoint + " is a UDP port, which cannot be shared; leave out share");
        }
        if (endpoint.isAny()) {
            throw new IllegalArgumentException(
                    "share is set, but the server would choose another endpoint for each tunnel;"
                            + " name the port or the host name");
        }
    }

    private ServedEndpoint open(Endpoint endpoint, ServiceOptions serviceOptions, ServedEndpoint.Parts parts)
            throws IOException {
        ServedEndpoint served = served(endpoint, serviceOptions, parts);
        services.open(served);
        return served;
    }

    private ServedEndpoint served(Endpoint endpoint, ServiceOptions serviceOptions, ServedEndpoint.Parts parts) {
        String name = serviceOptions.name();
        String key = name != null ? name : services.keyOf(endpoint);
        return new ServedEndpoint(services, endpoint, key, serviceOptions, parts);
    }

    /** Returns the endpoints that this tunnel has, or tries to get back, in the order in which they were opened. Immutable. */
    public List<Endpoint> endpoints() {
        return services.all().stream().map(ServedEndpoint::endpoint).toList();
    }

    /** Returns the server's host and port 0: each endpoint has an address of its own. */
    @Override
    public InetSocketAddress publicAddress() {
        return tunnel.publicAddress();
    }

    @Override
    public InetSocketAddress serverAddress() {
        return tunnel.serverAddress();
    }

    @Override
    public @Nullable String id() {
        return tunnel.id();
    }

    @Override
    public boolean isOpen() {
        return tunnel.isOpen();
    }

    @Override
    public TunnelStatistics statistics() {
        return tunnel.statistics();
    }

    @Override
    public void awaitEnd() throws InterruptedException {
        tunnel.awaitEnd();
    }

    /** Returns why this tunnel has ended for good; null before that, and if it was closed. */
    public @Nullable Throwable endCause() {
        return tunnel.endCause();
    }

    /** Closes the tunnel with all its endpoints, and resets their visitors. Blocks until that is done, at most two seconds. */
    @Override
    public void close() {
        services.end();
        if (!tunnel.closeAndWait()) log.debug("{}: still closing", tunnel);
    }

    /** {@inheritDoc} Visitors that wait to be accepted are reset at once, and so are new visitors of UDP ports. */
    @Override
    public boolean close(Duration timeout) {
        services.end();
        services.stopWaiting();
        boolean finished = tunnel.close(timeout);
        close();
        return finished;
    }

    @Override
    public String toString() {
        return "RelayTunnel[" + HostPort.text(serverAddress()) + " " + endpoints() + "]";
    }
}
