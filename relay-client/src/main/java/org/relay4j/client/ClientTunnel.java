package org.relay4j.client;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelStatistics;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.io.Bounds;

/** The tunnel of an acceptor or a forwarder to one relay server, over all its connections. */
final class ClientTunnel implements OwnedTunnel {
    private static final long ROUND_TRIP_PERIOD = TimeUnit.SECONDS.toNanos(10);

    private final InetSocketAddress server; // may be unresolved
    private final TunnelEvents events;
    private final TunnelLifecycle lifecycle;
    private final Cadence measuring = new Cadence(ROUND_TRIP_PERIOD, System::nanoTime);

    /**
     * Creates a tunnel that is not connected yet.
     *
     * @param shown the tunnel to pass to the listener; null means this one
     */
    ClientTunnel(
            InetSocketAddress server,
            RelayClientOptions options,
            Connector connector,
            TunnelOwner owner,
            @Nullable Tunnel shown) {
        this.server = server;
        events = new TunnelEvents(options.listener(), shown == null ? this : shown);
        lifecycle = new TunnelLifecycle(server, options, connector, owner, events);
    }

    // ---- the life of the tunnel

    /**
     * Connects for the first time; the caller then calls {@link #announce}. Blocks as {@link Attempts#first} does.
     *
     * @throws IOException if that fails, another tunnel has the lease file, or the tunnel is closed
     */
    void connect() throws IOException {
        lifecycle.connect();
    }

    /** Retries after a failed first attempt, while other tunnels of the owner may be up. Does not block. */
    void connectLater(IOException failure) {
        lifecycle.connectLater(failure);
    }

    /** Announces the first connection, on the thread that opened it. */
    void announce() {
        lifecycle.announce();
    }

    /** Ends the tunnel for good because of a defect or a lack of memory. */
    void fail(Throwable defect) {
        lifecycle.fail(defect);
    }

    @Override
    public void closeWhenDone() {
        lifecycle.closeWhenDone();
    }

    @Override
    public void closeNow() {
        lifecycle.closeNow();
    }

    @Override
    public boolean awaitVisitors(long end) {
        return connections().awaitVisitors(end);
    }

    @Override
    public void awaitEnd() throws InterruptedException {
        lifecycle.awaitEnd();
    }

    @Override
    public boolean awaitEnd(long nanos) throws InterruptedException {
        return lifecycle.awaitEnd(nanos);
    }

    @Override
    public @Nullable Throwable endCause() {
        return lifecycle.endCause();
    }

    @Override
    public boolean isCallingListener() {
        return events.isCurrent();
    }

    // ---- the tunnel

    @Override
    public boolean hasConnected() {
        return connections().main() != null;
    }

    Connections connections() {
        return lifecycle.connections();
    }

    TunnelEvents events() {
        return events;
    }

    Entrance entrance() {
        return lifecycle.entrance();
    }

    @Override
    public Endpoint endpoint() {
        return Endpoint.port(current().control().grant().port());
    }

    @Override
    public @Nullable InetSocketAddress publicAddress(Session session) {
        return connections().services().stream()
                .filter(one -> one.session() == session)
                .map(ServiceConnection::publicAddress)
                .findAny()
                .orElse(null);
    }

    private TunnelConnection current() {
        TunnelConnection last = connections().main();
        if (last == null)
            throw new IllegalStateException("there was no connection to " + HostPort.text(server) + " yet");
        return last;
    }

    @Override
    public InetSocketAddress publicAddress() {
        return current().publicAddress();
    }

    @Override
    public @Nullable String id() {
        return entrance().tunnel();
    }

    @Override
    public InetSocketAddress serverAddress() {
        TunnelConnection last = connections().main();
        return last == null ? server : last.serverAddress();
    }

    @Override
    public boolean isOpen() {
        return connections().isOpen();
    }

    @Override
    public TunnelStatistics statistics() {
        TunnelConnection last = connections().main();
        if (last != null && last.isOpen() && measuring.isDue()) last.ping();
        return events.statistics();
    }

    @Override
    public void close() {
        closeWhenDone();
    }

    @Override
    public boolean close(Duration timeout) {
        long end = System.nanoTime() + Bounds.nanos(Bounds.notNegative("timeout", timeout));
        closeWhenDone();
        return awaitVisitors(end);
    }

    @Override
    public String toString() {
        return lifecycle.toString();
    }
}
