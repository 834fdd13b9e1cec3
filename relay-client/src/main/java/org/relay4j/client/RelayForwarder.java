package org.relay4j.client;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelStatistics;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A tunnel whose visitors are connected to a service that this program can reach. A lost tunnel is re-established, with
 * back-off, until {@link #close}.
 *
 * <pre>{@code
 * RelayForwarder forwarder = RelayClient.forward("relay.example.com", 7000, service);
 * System.out.println("forwarding " + forwarder.publicAddress() + " to " + service);
 * forwarder.awaitEnd(); // a forwarder does not keep the program alive
 * }</pre>
 *
 * <p>A forwarder of {@link RelayTunnel#forward} is one of the endpoints of a tunnel. Closing it gives the endpoint back, and leaves
 * the connection to the server and the other endpoints as they are.
 *
 * <p>Visitors are carried by an event loop that all forwarders share. All threads are daemon threads. Safe for use by several
 * threads.
 */
public final class RelayForwarder implements Tunnel {
    private static final Logger log = LoggerFactory.getLogger(RelayForwarder.class);

    private final LocalTarget target;
    private final OwnedTunnel tunnel;
    private volatile SocketAddress local;

    private RelayForwarder(InetSocketAddress server, SocketAddress local, RelayClientOptions options)
            throws IOException {
        this.local = local;
        LocalTarget shared = LocalTarget.of(local);
        target = shared;
        Connector connector = (opening, events) -> {
            ForwardService service = new ForwardService(
                    shared, options.localConnectTimeout(), options.proxyProtocol(), new Visits(events));
            return Connector.to(service, options).connect(opening, events);
        };
        ClientTunnel whole = new ClientTunnel(server, options, connector, cause -> {}, this);
        tunnel = whole;
        whole.connect();
        boolean announced = false;
        try {
            log.info("tunnel {}: forwards to {}", HostPort.text(publicAddress()), HostPort.text(local));
            whole.announce();
            announced = true;
        } finally {
            if (!announced) whole.closeNow();
        }
    }

    private RelayForwarder(ServedEndpoint endpoint, SocketAddress local, LocalTarget target) {
        this.local = local;
        this.target = target;
        tunnel = endpoint;
    }

    static RelayForwarder start(InetSocketAddress server, SocketAddress local, RelayClientOptions options)
            throws IOException {
        return new RelayForwarder(server, local, options);
    }

    /** Returns the forwarder of one of the endpoints of a tunnel. */
    static RelayForwarder of(ServedEndpoint endpoint, SocketAddress local, LocalTarget target) {
        return new RelayForwarder(endpoint, local, target);
    }

    /** Returns the endpoint, as the server has granted it, which may change with a reconnect. */
    public Endpoint endpoint() {
        return tunnel.endpoint();
    }

    /**
     * Connects the visitors that arrive from now on to another service. The endpoint, and the visitors that are connected, stay as
     * they are. Blocks while the host of the service is resolved.
     *
     * @param next as in {@link RelayTunnel#forward(Endpoint, SocketAddress, ServiceOptions)}
     * @throws UnknownHostException if the host of the service is unknown; the service stays the same
     * @throws IllegalArgumentException if no service can have this address
     */
    public void forwardTo(SocketAddress next) throws UnknownHostException {
        check(endpoint(), next);
        target.replace(next);
        local = next;
        log.info("tunnel {}: now forwards to {}", HostPort.text(publicAddress()), HostPort.text(next));
    }

    /** @throws IllegalArgumentException if no service of this endpoint can have the address */
    static void check(Endpoint endpoint, SocketAddress local) {
        LocalService.check(Objects.requireNonNull(local, "local"));
        if (endpoint.kind() == Endpoint.Kind.UDP && !(local instanceof InetSocketAddress)) {
            throw new IllegalArgumentException(
                    "the service of " + endpoint + " is " + HostPort.text(local) + ", it must be a host and a port");
        }
    }

    @Override
    public InetSocketAddress publicAddress() {
        return tunnel.publicAddress();
    }

    @Override
    public @Nullable String id() {
        return tunnel.id();
    }

    @Override
    public InetSocketAddress serverAddress() {
        return tunnel.serverAddress();
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

    /** Returns why this forwarder has ended for good; null before that, and if it was closed. */
    public @Nullable Throwable endCause() {
        return tunnel.endCause();
    }

    /** Closes the tunnel for good and resets its visitors. Blocks until that is done, at most two seconds. */
    @Override
    public void close() {
        if (!tunnel.closeAndWait()) log.debug("{}: still closing", this);
    }

    @Override
    public boolean close(Duration timeout) throws IOException {
        boolean finished = tunnel.close(timeout);
        close();
        return finished;
    }

    @Override
    public String toString() {
        return "RelayForwarder[" + HostPort.text(publicAddress()) + " -> " + HostPort.text(local) + "]";
    }
}
