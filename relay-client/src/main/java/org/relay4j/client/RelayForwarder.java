package org.relay4j.client;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
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
 * <p>Visitors are carried by an event loop that all forwarders share. All threads are daemon threads. Safe for use by several
 * threads.
 */
public final class RelayForwarder implements Tunnel {
    private static final Logger log = LoggerFactory.getLogger(RelayForwarder.class);
    private static final long CLOSE_DEADLINE = TimeUnit.SECONDS.toNanos(2);

    private final SocketAddress local;
    private final ClientTunnel tunnel;

    private RelayForwarder(InetSocketAddress server, SocketAddress local, RelayClientOptions options) {
        this.local = local;
        ClientTunnel.Connector connector = (opening, events) -> {
            LocalService service = LocalService.resolve(local); // before the request for a port
            return ServiceConnection.start(
                    opening.open(), events, options, new ForwardService(service, options, new Visits(events)));
        };
        tunnel = new ClientTunnel(server, options, connector, cause -> {}, this);
    }

    static RelayForwarder start(InetSocketAddress server, SocketAddress local, RelayClientOptions options)
            throws IOException {
        RelayForwarder forwarder = new RelayForwarder(server, local, options);
        forwarder.tunnel.connect();
        log.info("tunnel {}: forwards to {}", HostPort.text(forwarder.publicAddress()), HostPort.text(local));
        forwarder.tunnel.announce();
        return forwarder;
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
    public boolean close(Duration timeout) {
        boolean finished = tunnel.close(timeout);
        close();
        return finished;
    }

    @Override
    public String toString() {
        return "RelayForwarder[" + HostPort.text(publicAddress()) + " -> " + HostPort.text(local) + "]";
    }
}
