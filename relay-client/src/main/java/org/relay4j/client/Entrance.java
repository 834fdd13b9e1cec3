package org.relay4j.client;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.api.RelayOptionException;
import org.relay4j.api.RelayProtocolException;
import org.relay4j.api.RelayRefusedException;
import org.relay4j.api.control.ControlLine;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way into one relay server: to a new tunnel, or back to the one that a lease was granted for. {@link #open} by one thread at a
 * time, {@link #join} only while the tunnel is up.
 */
final class Entrance {
    private static final Logger log = LoggerFactory.getLogger(Entrance.class);
    private static final Duration URGENT = Duration.ofSeconds(1);

    /** The address that a further connection is made to. */
    enum Way {
        /** That of the tunnel; in a cluster, another one rather than the last one. */
        SAME,
        /** As {@link #SAME}, tried again and again, because packets may be lost. */
        URGENT,
        /** Another one, if the server has several. */
        OTHER
    }

    /** A proxy resolves the server's name and connects before it answers, and takes two more round trips. */
    private static final Duration URGENT_THROUGH_PROXY = Duration.ofSeconds(3);

    private final InetSocketAddress server; // may be unresolved, or stand for a Unix-domain socket
    private final RelayClientOptions options;
    private final Lease lease;
    private final ServerAddresses addresses;
    private final UnableNodes unable = new UnableNodes();
    private volatile boolean clustered; // the last connection was to a node of a cluster
    private volatile @Nullable InetSocketAddress known; // where the last connection was made; null through a proxy

    Entrance(InetSocketAddress server, RelayClientOptions options) {
        this.server = server;
        this.options = options;
        addresses = new ServerAddresses(server, options.nodes());
        Path path = options.leaseFile();
        lease = new Lease(path == null ? null : new LeaseFile(path, purpose(server, options)), System::nanoTime);
    }

    /** Returns what a lease in a file is valid for, in one line. */
    static String purpose(InetSocketAddress server, RelayClientOptions options) {
        ClientIdentity identity = options.identity();
        String security =
                options.tls() == null ? " plain " : " tls "; // a lease that came over TLS is never sent without it
        return HostPort.text(server)
                + security
                + (identity == null ? "" : identity.name() + " ")
                + ServerLines.request(options);
    }

    /**
     * Takes the lease file, if there is one. Called before the first attempt.
     *
     * @throws RelayOptionException if another tunnel has it; the message says what to do
     */
    void begin() throws RelayOptionException {
        lease.begin();
    }

    /** Gives up the lease file, so that the next client can have it. Called when there are no further attempts. */
    void end() {
        lease.end();
    }

    /**
     * Connects. If the server no longer knows the lease, connects again without it.
     *
     * @throws IOException as {@link ControlConnection#over} does
     */
    ControlConnection open() throws IOException {
        String shown = lease.lastingWord();
        if (shown == null) return open(wantsLease() ? request().with("resume") : request());
        try {
            return open(request().with("resume", shown));
        } catch (RelayRefusedException e) {
            if (e.code().equals("draining")) lease.serverDrains();
            if (!e.code().equals("lease-unknown")) throw e;
            log.info("{} no longer has the tunnel, asking for a new one", HostPort.text(server));
            lease.forget();
            return open(request().with("resume"));
        }
    }

    private ControlConnection open(ControlLine request) throws IOException {
        ControlLine complete = request.has("resume") ? request.with(ServerLines.DRAIN) : request;
        ControlConnection connection = ask(this::reach, List.of(), complete);
        reached(connection);
        lease.granted(connection.grant());
        return connection;
    }

    /** The way to one of the nodes, or to the only server. */
    private interface Approach {
        Reached connect() throws IOException;
    }

    /** Asks one node; if its store does not answer, also the next one. Not all of them, because many clients may do so. */
    private ControlConnection ask(Approach approach, List<InetSocketAddress> occupied, ControlLine request)
            throws IOException {
        try {
            return askOnce(approach, request);
        } catch (RelayRefusedException e) {
            if (!UnableNodes.isReasonOf(e) || !hasOtherNode(occupied)) throw e;
            log.debug("{}; asking another node", e.getMessage());
            return askOnce(approach, request);
        }
    }

    private boolean hasOtherNode(List<InetSocketAddress> occupied) throws IOException {
        if (options.proxySelector() != null || ControlSocket.of(server) != null) return false;
        List<InetSocketAddress> others = addresses.resolve();
        others.removeAll(occupied);
        return !unable.containsAll(others);
    }

    private ControlConnection askOnce(Approach approach, ControlLine request) throws IOException {
        Reached reached = approach.connect();
        try {
            ControlConnection connection = ControlConnection.over(reached, options, request);
            unable.clear();
            return connection;
        } catch (RelayRefusedException e) {
            if (UnableNodes.isReasonOf(e)) unable.add(reached.server());
            throw e;
        }
    }

    private Reached reach() throws IOException {
        UnixDomainSocketAddress socket = ControlSocket.of(server);
        if (socket != null) return ControlSocket.connect(socket);
        boolean urgent = isUrgent();
        Duration timeout = timeout(urgent);
        // Alone, only the server that has granted the lease knows it. In a cluster, the tunnel is there already.
        return route(urgent)
                .connect(
                        timeout,
                        share -> Dial.connect(
                                unable.after(ServerAddresses.preferring(known, addresses.resolve())),
                                HostPort.text(server),
                                share,
                                urgent));
    }

    private Route route(boolean urgent) {
        return new Route(server.getHostString(), server.getPort(), options, urgent);
    }

    private void reached(ControlConnection connection) {
        InetSocketAddress address = connection.server();
        known = address.isUnresolved() ? null : address;
        clustered = connection.grant().clustered();
    }

    private Duration timeout(boolean urgent) {
        Duration timeout = options.connectTimeout();
        Duration most = options.proxySelector() == null ? URGENT : URGENT_THROUGH_PROXY;
        return urgent && timeout.compareTo(most) > 0 ? most : timeout;
    }

    /**
     * Adds a connection to the tunnel, which is up.
     *
     * @param instead the number of the connection that it replaces; negative for none
     * @param way the address to connect to
     * @param occupied where the tunnel has connections, also those that are about to end: other nodes come first
     * @throws IOException as {@link ControlConnection#over} does
     */
    ControlConnection join(int instead, Way way, List<InetSocketAddress> occupied) throws IOException {
        String shown = lease.word();
        if (shown == null) throw new SocketException("the tunnel has no lease");
        ControlLine request = request().with("join", shown);
        if (instead >= 0) request = request.with("instead", instead);
        ControlConnection connection =
                ask(() -> reachFurther(way, occupied), occupied, request.with(ServerLines.DRAIN));
        if (connection.grant().connection() < 0) {
            connection.wire().close();
            throw new RelayProtocolException(HostPort.text(server) + " does not let connections join a tunnel", null);
        }
        if (connection.grant().lease() != null) lease.granted(connection.grant());
        if (clustered || way == Way.OTHER) reached(connection);
        return connection;
    }

    private Reached reachFurther(Way way, List<InetSocketAddress> occupied) throws IOException {
        UnixDomainSocketAddress socket = ControlSocket.of(server);
        if (socket != null) return ControlSocket.connect(socket);
        boolean urgent = way == Way.URGENT;
        return route(urgent).connect(timeout(urgent), timeout -> dialFurther(way, occupied, timeout));
    }

    /** Connects without a proxy. */
    private Dial.Dialed dialFurther(Way way, List<InetSocketAddress> occupied, Duration timeout) throws IOException {
        InetSocketAddress present = known;
        List<InetSocketAddress> targets;
        if (present == null) targets = addresses.resolve(); // it came through a proxy
        else if (clustered || way == Way.OTHER)
            targets = ServerAddresses.avoiding(occupied, unable.after(addresses.resolve()));
        else targets = List.of(present);
        return Dial.connect(targets, HostPort.text(server), timeout, way == Way.URGENT);
    }

    /** Returns the endpoint that the lease file keeps for a service; null if there is none. */
    @Nullable
    Endpoint keptEndpoint(String service) {
        return lease.endpoint(service);
    }

    /** Keeps the endpoint of a service in the lease file, if there is one; null to forget it. May block. */
    void keepEndpoint(String service, @Nullable Endpoint granted) {
        lease.keepEndpoint(service, granted);
    }

    /** Returns whether further connections may join the tunnel. */
    boolean isJoinable() {
        return lease.word() != null;
    }

    /** Returns the id of the tunnel; null if it has none. */
    @Nullable
    String tunnel() {
        return lease.tunnel();
    }

    private ControlLine request() {
        return ServerLines.request(options);
    }

    /** Returns whether this client can use a lease. */
    private boolean wantsLease() {
        return options.reconnect() || options.leaseFile() != null || options.connections() > 1;
    }

    /** Called when the connection was lost. */
    void connectionLost() {
        lease.connectionLost();
    }

    /** Returns whether the server still keeps the tunnel, so that visitors wait for this client. */
    boolean isUrgent() {
        return lease.isWaitedFor();
    }
}
