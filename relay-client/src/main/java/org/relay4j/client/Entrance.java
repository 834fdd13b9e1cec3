package org.relay4j.client;

import java.io.IOException;
import java.io.InterruptedIOException;
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
    private final NodeOrder nodes;

    Entrance(InetSocketAddress server, RelayClientOptions options) {
        this.server = server;
        this.options = options;
        nodes = new NodeOrder(server, options);
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
        ControlConnection connection = ask(isUrgent(), nodes::ofTunnel, List.of(), complete);
        nodes.reached(connection.server(), connection.grant().clustered());
        lease.granted(connection.grant());
        return connection;
    }

    /** Returns the addresses to try, in their order. */
    private interface Targets {
        List<InetSocketAddress> resolve() throws IOException;
    }

    /**
     * Asks one node; if that cannot reach its store, also another one. Not all of them, because many clients may have lost their node
     * at the same time.
     *
     * @param urgent whether visitors wait. Then it stays with its node, which may be taking the tunnel over although this client was
     *     told not to wait: another node would have to take the tunnel from that one, and may not know the last lease
     * @param avoided no other node is asked at these
     */
    private ControlConnection ask(boolean urgent, Targets targets, List<InetSocketAddress> avoided, ControlLine request)
            throws IOException {
        try {
            return askOnce(urgent, targets, request);
        } catch (RelayRefusedException e) {
            boolean mayAsk = isUnable(e) && !urgent && nodes.areNodes();
            ControlConnection granted = mayAsk ? askAnother(targets, avoided, request, e) : null;
            if (granted == null) throw e;
            return granted;
        }
    }

    /** Returns null if no other node grants a connection. */
    private @Nullable ControlConnection askAnother(
            Targets targets, List<InetSocketAddress> avoided, ControlLine request, RelayRefusedException refused)
            throws IOException {
        try {
            List<InetSocketAddress> others = nodes.others(targets.resolve(), avoided);
            if (others.isEmpty()) return null;
            log.debug("{}; asking another node", refused.getMessage());
            return askOnce(false, () -> others, request);
        } catch (InterruptedIOException e) {
            throw e;
        } catch (IOException e) {
            // Anything else may be due to what the first node has begun, or pass when that one is asked again.
            if (e instanceof RelayRefusedException refusal && refusal.code().equals("lease-unknown")) throw refusal;
            refused.addSuppressed(e);
            return null;
        }
    }

    /** Returns whether a node of a cluster could not decide, so that another one may (section 6 of docs/protocol.md). */
    static boolean isUnable(IOException failure) {
        return failure instanceof RelayRefusedException refusal
                && refusal.code().equals("registry-unavailable");
    }

    private ControlConnection askOnce(boolean urgent, Targets targets, ControlLine request) throws IOException {
        Reached reached = reach(urgent, targets);
        boolean granted = false;
        try {
            ControlConnection connection = ControlConnection.over(reached, options, request);
            granted = true;
            return connection;
        } finally {
            if (granted) nodes.granted();
            else if (!urgent && !Thread.currentThread().isInterrupted()) nodes.failed(reached.server());
        }
    }

    private Reached reach(boolean urgent, Targets targets) throws IOException {
        UnixDomainSocketAddress socket = ControlSocket.of(server);
        if (socket != null) return ControlSocket.connect(socket);
        Route route = new Route(server.getHostString(), server.getPort(), options, urgent);
        return route.connect(
                timeout(urgent), share -> Dial.connect(targets.resolve(), HostPort.text(server), share, urgent));
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
        boolean urgent = way == Way.URGENT;
        List<InetSocketAddress> avoided = urgent ? List.of() : occupied;
        ControlConnection connection =
                ask(urgent, () -> nodes.ofFurther(way, occupied), avoided, request.with(ServerLines.DRAIN));
        if (connection.grant().connection() < 0) {
            connection.wire().close();
            throw new RelayProtocolException(HostPort.text(server) + " does not let connections join a tunnel", null);
        }
        if (connection.grant().lease() != null) lease.granted(connection.grant());
        if (nodes.isClustered() || way == Way.OTHER)
            nodes.reached(connection.server(), connection.grant().clustered());
        return connection;
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
