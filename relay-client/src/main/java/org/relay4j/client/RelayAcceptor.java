package org.relay4j.client;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelStatistics;
import org.relay4j.yamux.AcceptQueue;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.SessionInternals;
import org.relay4j.yamux.Stream;
import org.relay4j.yamux.StreamException;
import org.relay4j.yamux.io.Bounds;
import org.relay4j.yamux.socket.AcceptorSocket;

/**
 * A {@link ServerSocket} whose port is on a relay server: {@link #accept} returns the visitors of that port as real
 * sockets. It is bound from the start, to the public address, and needs no local port.
 *
 * <pre>{@code
 * try (RelayAcceptor acceptor = RelayClient.connect("relay.example.com", 7000)) {
 *     acceptor.setSoTimeout(60_000);
 *     try (Socket visitor = acceptor.accept()) {
 *         serve(visitor);
 *     }
 * }
 * }</pre>
 *
 * <p>If the connection to the server is lost, the accepted sockets fail and the tunnel is re-established with back-off, while
 * {@code accept} waits. The public port may change; a {@link org.relay4j.api.TunnelListener} is notified. If {@link
 * RelayClientOptions.Builder#reconnect} is off, {@code accept} fails instead, with a {@link SocketException} that names the cause.
 *
 * <p>An acceptor may have tunnels to several relay servers. One {@code accept} returns the visitors of all of them, and continues
 * when one is lost. The addresses of the acceptor are those of the first tunnel that is up; {@link #tunnels} returns all.
 *
 * <p>An acceptor of {@link RelayTunnel#acceptor} is one of the endpoints of a tunnel. Closing it gives the endpoint back, and leaves
 * the connection to the server and the other endpoints as they are.
 *
 * <p>As with any server socket, closing it does not close the accepted sockets. The connection to the server ends with the last
 * of them, or when the timeout of {@link #close(Duration)} expires.
 *
 * <p>The remote address of accepted sockets is that of the visitor with {@link RelayClientOptions.Builder#visitorAddresses}, and
 * unspecified (0.0.0.0, port 0) otherwise: the base protocol does not carry it.
 *
 * <p>Safe for use by several threads. {@code accept} responds to interruption with {@link java.io.InterruptedIOException}.
 */
public final class RelayAcceptor extends ServerSocket implements Tunnel {
    private static final InetSocketAddress UNKNOWN_VISITOR = new InetSocketAddress(0);

    private final AcceptQueue queue;
    private final List<OwnedTunnel> tunnels; // one for each server
    private final AtomicInteger over = new AtomicInteger(); // tunnels that have ended for good
    private volatile @Nullable Throwable loss; // of one of them

    private RelayAcceptor(AcceptorSocket socket, List<InetSocketAddress> servers, RelayClientOptions options)
            throws IOException {
        super(socket);
        queue = new AcceptQueue();
        Tunnel shown = servers.size() == 1 ? this : null; // a listener may close the tunnel that it receives
        List<ClientTunnel> each = servers.stream()
                .map(server -> new ClientTunnel(server, options, connector(options), this::over, shown))
                .toList();
        tunnels = List.copyOf(each);
        boolean made = false;
        try {
            FirstConnection.of(each);
            super.bind(resolved(publicAddress()), 0); // only sets the state to bound
            socket.onClose(this::end);
            if (shown != null) each.get(0).announce(); // the listener receives this acceptor
            made = true;
        } finally {
            if (!made) each.forEach(ClientTunnel::closeNow);
        }
    }

    private RelayAcceptor(AcceptorSocket socket, ServedEndpoint endpoint, AcceptQueue queue) throws IOException {
        super(socket);
        this.queue = queue;
        tunnels = List.of(endpoint);
        super.bind(resolved(publicAddress()), 0); // only sets the state to bound
        socket.onClose(this::end);
        endpoint.whenOver(this::over);
    }

    private Connector connector(RelayClientOptions options) {
        return (opening, events) -> ServiceConnection.start(
                opening.open(), events, options, new AcceptService(queue, options, new Visits(events)));
    }

    /** Blocks until one of the servers has assigned a port. */
    static RelayAcceptor open(List<InetSocketAddress> servers, RelayClientOptions options) throws IOException {
        return new RelayAcceptor(new AcceptorSocket(), servers, options);
    }

    /** Returns the acceptor of one of the endpoints of a tunnel, whose visitors wait in {@code queue}. */
    static RelayAcceptor of(ServedEndpoint endpoint, AcceptQueue queue) throws IOException {
        return new RelayAcceptor(new AcceptorSocket(), endpoint, queue);
    }

    /** Returns the tunnels of this acceptor, one for each server, in the order of the servers. Immutable. */
    public List<Tunnel> tunnels() {
        return List.copyOf(tunnels);
    }

    /** Returns the endpoint, as the server has granted it, which may change with a reconnect. */
    public Endpoint endpoint() {
        return main().endpoint();
    }

    @Override
    public InetSocketAddress publicAddress() {
        return main().publicAddress();
    }

    @Override
    public @Nullable String id() {
        return main().id();
    }

    @Override
    public InetSocketAddress serverAddress() {
        return main().serverAddress();
    }

    /** Returns the tunnel whose addresses this acceptor has: the first that is up, otherwise the first that ever was. */
    private OwnedTunnel main() {
        OwnedTunnel best = null;
        for (OwnedTunnel tunnel : tunnels) {
            if (tunnel.isOpen()) return tunnel;
            if (best == null && tunnel.hasConnected()) best = tunnel;
        }
        return best == null ? tunnels.get(0) : best;
    }

    /**
     * Returns the address of {@link #publicAddress}, which may change with a reconnect; 0.0.0.0 behind a proxy, which alone knows
     * the address of the server.
     */
    @Override
    public InetAddress getInetAddress() {
        return resolved(publicAddress()).getAddress();
    }

    /** Sockets cannot have an address that is not resolved. */
    private static InetSocketAddress resolved(InetSocketAddress address) {
        return address.isUnresolved() ? new InetSocketAddress(address.getPort()) : address;
    }

    /** Returns the public port, which may change with a reconnect. */
    @Override
    public int getLocalPort() {
        return publicAddress().getPort();
    }

    @Override
    public boolean isOpen() {
        return tunnels.stream().anyMatch(Tunnel::isOpen);
    }

    @Override
    public TunnelStatistics statistics() {
        return tunnels.stream()
                .map(Tunnel::statistics)
                .reduce(TunnelStatistics::plus)
                .orElseThrow();
    }

    /**
     * Waits for the next visitor, at most for the {@linkplain #setSoTimeout timeout}.
     *
     * @throws SocketTimeoutException if the timeout expires
     * @throws SocketException "Socket closed" if this acceptor was closed; the reason of the loss if the tunnel was lost and is not
     *     re-established
     * @throws java.io.InterruptedIOException if the thread is interrupted; its interrupted flag stays set
     */
    @Override
    public Socket accept() throws IOException {
        Stream stream = acceptStream();
        return stream.asSocket(resolved(publicAddress(stream.session())), visitorAddress(stream));
    }

    /**
     * Returns where the visitor of an accepted stream connects from; unspecified (0.0.0.0, port 0) if that is not known, as
     * without {@link RelayClientOptions.Builder#visitorAddresses}.
     */
    public static InetSocketAddress visitorAddress(Stream stream) {
        InetSocketAddress address = VisitorHeader.address(SessionInternals.header(stream));
        return address == null ? UNKNOWN_VISITOR : address;
    }

    /**
     * Waits for the next visitor as {@link #accept} does, and returns its stream. For servers that do not use sockets: a stream can
     * be {@linkplain Stream#channel read and written without blocking}.
     */
    public Stream acceptStream() throws IOException {
        if (isClosed()) throw new SocketException("Socket is closed");
        try {
            return queue.accept(Duration.ofMillis(getSoTimeout()));
        } catch (StreamException e) {
            Throwable loss = e.getCause();
            String message = loss == null || isClosed() ? "Socket closed" : loss.getMessage();
            throw (SocketException) new SocketException(message).initCause(loss == null ? e : loss);
        }
    }

    private InetSocketAddress publicAddress(Session session) {
        for (OwnedTunnel tunnel : tunnels) {
            InetSocketAddress address = tunnel.publicAddress(session);
            if (address != null) return address;
        }
        return publicAddress(); // its tunnel was lost and re-established just now
    }

    /**
     * Does nothing while this acceptor is open: it is bound to its public address from the start. Servers call it with the
     * local address that they would use otherwise.
     */
    @Override
    public void bind(@Nullable SocketAddress endpoint, int backlog) throws IOException {
        if (isClosed()) throw new SocketException("Socket is closed");
    }

    @Override
    public boolean close(Duration timeout) throws IOException {
        long end = System.nanoTime() + Bounds.nanos(Bounds.notNegative("timeout", timeout));
        close();
        boolean finished = true;
        for (OwnedTunnel tunnel : tunnels) finished &= tunnel.awaitVisitors(end);
        return finished;
    }

    /** Called when the server socket was closed. */
    private void end() {
        tunnels.forEach(OwnedTunnel::closeWhenDone);
        queue.close();
    }

    @Override
    public void awaitEnd() throws InterruptedException {
        for (OwnedTunnel tunnel : tunnels) tunnel.awaitEnd();
    }

    /** Returns why this acceptor has ended for good; null before that, and if it was closed. */
    public @Nullable Throwable endCause() {
        return over.get() == tunnels.size() ? loss : null;
    }

    private void over(@Nullable Throwable cause) {
        if (cause != null) loss = cause;
        if (over.incrementAndGet() == tunnels.size()) queue.close(loss); // no more visitors will arrive
    }

    @Override
    public String toString() {
        return "RelayAcceptor[" + HostPort.text(publicAddress()) + "]";
    }
}
