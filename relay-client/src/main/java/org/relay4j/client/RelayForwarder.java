package org.relay4j.client;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
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
    private static final long CLOSE_DEADLINE = TimeUnit.SECONDS.toNanos(2);

    private final SocketAddress local;
    private final OwnedTunnel tunnel;

    private RelayForwarder(InetSocketAddress server, SocketAddress local, RelayClientOptions options)
            throws IOException {
        this.local = local;
        Connector connector = (opening, events) -> {
            ForwardService service = new ForwardService(
                    () -> LocalService.resolve(local),
                    options.localConnectTimeout(),
                    options.proxyProtocol(),
                    new Visits(events));
            return Connector.to(service, options).connect(opening, events);
        };
        ClientTunnel whole = new ClientTunnel(server, options, connector, cause -> {}, this);
        tunnel = whole;
        whole.connect();
        log.info("tunnel {}: forwards to {}", HostPort.text(publicAddress()), HostPort.text(local));
        whole.announce();
    }

    private RelayForwarder(ServedEndpoint endpoint, SocketAddress local) {
        this.local = local;
        tunnel = endpoint;
    }

    static RelayForwarder start(InetSocketAddress server, SocketAddress local, RelayClientOptions options)
            throws IOException {
        return new RelayForwarder(server, local, options);
    }

    /** Returns the forwarder of one of the endpoints of a tunnel. */
    static RelayForwarder of(ServedEndpoint endpoint, SocketAddress local) {
        return new RelayForwarder(endpoint, local);
    }

    /** Returns the endpoint, as the server has granted it, which may change with a reconnect. */
    public Endpoint endpoint() {
        return tunnel.endpoint();
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
        tunnel.closeNow();
        if (tunnel.isCallingListener()) return;
        try {
            if (!tunnel.awaitEnd(CLOSE_DEADLINE)) log.debug("{}: still closing", this);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
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
