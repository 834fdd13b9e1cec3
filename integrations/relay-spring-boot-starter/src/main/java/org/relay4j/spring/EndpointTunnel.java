package org.relay4j.spring;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelListener;
import org.relay4j.api.TunnelStatistics;
import org.relay4j.api.Visitor;
import org.relay4j.client.RelayClient;
import org.relay4j.client.RelayClientOptions;
import org.relay4j.client.RelayForwarder;
import org.relay4j.client.RelayTunnel;
import org.relay4j.client.ServiceOptions;

/** A forwarder of one endpoint, such as a host name, with a tunnel of its own, which ends with it. */
final class EndpointTunnel implements Tunnel {
    private final RelayTunnel whole;
    private final RelayForwarder forwarder;

    /** Receives the events of the whole tunnel, and passes them on once the endpoint is open. */
    private static final class Events implements TunnelListener {
        private final TunnelListener listener;
        private volatile @Nullable Tunnel shown; // null before the endpoint is open

        Events(TunnelListener listener) {
            this.listener = listener;
        }

        void begin(Tunnel opened) {
            shown = opened;
            listener.up(opened);
        }

        @Override
        public void up(Tunnel tunnel) {
            Tunnel opened = shown;
            if (opened != null) listener.up(opened);
        }

        @Override
        public void down(Tunnel tunnel, @Nullable Throwable cause, boolean willRetry) {
            Tunnel opened = shown;
            if (opened != null) listener.down(opened, cause, willRetry);
        }

        @Override
        public void publicAddressChanged(Tunnel tunnel, InetSocketAddress before) {
            listener.publicAddressChanged(tunnel, before);
        }

        @Override
        public void visitorAccepted(Tunnel tunnel, Visitor visitor) {
            listener.visitorAccepted(tunnel, visitor);
        }

        @Override
        public void visitorClosed(Tunnel tunnel, Visitor visitor, @Nullable Throwable cause) {
            listener.visitorClosed(tunnel, visitor, cause);
        }

        @Override
        public void roundTrip(Tunnel tunnel, Duration roundTrip) {
            listener.roundTrip(tunnel, roundTrip);
        }
    }

    private EndpointTunnel(RelayTunnel whole, RelayForwarder forwarder) {
        this.whole = whole;
        this.forwarder = forwarder;
    }

    /**
     * Opens the tunnel and its endpoint. Blocks as {@link RelayClient#forward} does. If the options retry the first connect, a refused
     * endpoint is retried, too.
     *
     * @param options with a listener
     */
    static EndpointTunnel open(
            InetSocketAddress server, WebEndpoint endpoint, InetSocketAddress local, RelayClientOptions options)
            throws IOException {
        TunnelListener listener = options.listener();
        if (listener == null) throw new IllegalArgumentException("there is no listener");
        Events events = new Events(listener);
        RelayTunnel whole = RelayClient.open(
                server.getHostString(),
                server.getPort(),
                options.toBuilder().listener(events).build());
        ServiceOptions service = ServiceOptions.builder()
                .share(endpoint.share())
                .retryFirst(options.retryFirst())
                .build();
        boolean opened = false;
        try {
            EndpointTunnel tunnel = new EndpointTunnel(whole, whole.forward(endpoint.endpoint(), local, service));
            events.begin(tunnel);
            opened = true;
            return tunnel;
        } finally {
            if (!opened) whole.close();
        }
    }

    @Override
    public InetSocketAddress publicAddress() {
        return forwarder.publicAddress();
    }

    @Override
    public InetSocketAddress serverAddress() {
        return forwarder.serverAddress();
    }

    @Override
    public @Nullable String id() {
        return forwarder.id();
    }

    @Override
    public boolean isOpen() {
        return forwarder.isOpen();
    }

    @Override
    public TunnelStatistics statistics() {
        return forwarder.statistics();
    }

    @Override
    public void close() {
        whole.close();
    }

    @Override
    public boolean close(Duration timeout) {
        return whole.close(timeout);
    }

    @Override
    public void awaitEnd() throws InterruptedException {
        whole.awaitEnd();
    }

    @Override
    public String toString() {
        return forwarder.toString();
    }
}
