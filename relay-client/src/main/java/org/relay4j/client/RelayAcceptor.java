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
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelStatistics;
import org.relay4j.yamux.AcceptQueue;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.Stream;
import org.relay4j.yamux.StreamException;
import org.relay4j.yamux.io.AcceptorSocket;
import org.relay4j.yamux.io.Bounds;

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
 * <p>When the connection to the server is lost, the accepted sockets fail, and the tunnel is re-established, with growing
 * pauses: {@code accept} waits meanwhile. The public port may then be another one; a {@link org.relay4j.api.TunnelListener}
 * is told. With {@link RelayClientOptions.Builder#reconnect} off, {@code accept} fails with a {@link SocketException} that
 * names the cause instead.
 *
 * <p>It may have tunnels to several relay servers, whose visitors all come to the same {@code accept}: that one of them is lost
 * is not noticed there. The addresses are then those of the first server that is connected; {@link #tunnels} has all.
 *
 * <p>As with any server socket, closing it leaves the accepted sockets alone; the connection to the server ends with the
 * last of them, or after the time that {@link #close(Duration)} gives them.
 *
 * <p>The remote address of accepted sockets is unspecified (0.0.0.0, port 0): the base protocol does not carry it.
 *
 * <p>Safe for use by several threads. {@code accept} reacts to interruption with {@link java.io.InterruptedIOException}.
 */
public final class RelayAcceptor extends ServerSocket implements Tunnel {
    private static final InetSocketAddress UNKNOWN_VISITOR = new InetSocketAddress(0);

    private final AcceptQueue queue = new AcceptQueue();
    private final List<AcceptorTunnel> tunnels; // one for each server
    private final Set<AcceptorTunnel> over = ConcurrentHashMap.newKeySet(); // tunnels that will never stand again
    private volatile @Nullable Throwable loss; // of one of them

    private RelayAcceptor(AcceptorSocket socket, List<InetSocketAddress> servers, RelayClientOptions options)
            throws IOException {
        super(socket);
        Tunnel shown = servers.size() == 1 ? this : null; // a listener may close what it is given
        Life life = new Life();
        tunnels = servers.stream()
                .map(server -> new AcceptorTunnel(server, options, queue, life, shown))
                .toList();
        boolean made = false;
        try {
            FirstConnection.of(tunnels, options.reconnect());
            super.bind(publicAddress(), 0); // only turns the state to bound
            socket.onClose(this::end);
            made = true;
        } finally {
            if (!made) tunnels.forEach(AcceptorTunnel::abandon);
        }
    }

    /** Blocks until one of the servers has given a port. */
    static RelayAcceptor open(List<InetSocketAddress> servers, RelayClientOptions options) throws IOException {
        RelayAcceptor acceptor = new RelayAcceptor(new AcceptorSocket(), servers, options);
        if (servers.size() == 1) acceptor.tunnels.get(0).announce(); // which is given the acceptor
        return acceptor;
    }

    /** The tunnels of this acceptor, one for each of its servers, in the order in which they were given. Immutable. */
    public List<Tunnel> tunnels() {
        return List.copyOf(tunnels);
    }

    @Override
    public InetSocketAddress publicAddress() {
        return main().publicAddress();
    }

    @Override
    public InetSocketAddress serverAddress() {
        return main().serverAddress();
    }

    /** The tunnel whose addresses are this acceptor's: the first that stands, else the first that ever stood. */
    private AcceptorTunnel main() {
        AcceptorTunnel best = null;
        for (AcceptorTunnel tunnel : tunnels) {
            if (tunnel.isOpen()) return tunnel;
            if (best == null && tunnel.hasConnected()) best = tunnel;
        }
        return best == null ? tunnels.get(0) : best;
    }

    /** That of {@link #publicAddress}, whichever that is by now. */
    @Override
    public InetAddress getInetAddress() {
        return publicAddress().getAddress();
    }

    /** The public port, whichever that is by now. */
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
     * Waits for the next visitor, at most the {@linkplain #setSoTimeout timeout}.
     *
     * @throws SocketTimeoutException when none came in time
     * @throws SocketException "Socket closed" when this acceptor was closed; the reason why the tunnel was lost, when it is not
     *     to be re-established
     * @throws java.io.InterruptedIOException when the thread was interrupted; its flag stays set
     */
    @Override
    public Socket accept() throws IOException {
        Stream stream = acceptStream();
        return stream.asSocket(publicAddress(stream.session()), UNKNOWN_VISITOR);
    }

    /**
     * As {@link #accept}, for servers that do not use sockets: the visitor's stream, which can be {@linkplain
     * Stream#channel read and written without waiting}.
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
        for (AcceptorTunnel tunnel : tunnels) {
            if (tunnel.isTo(session)) return tunnel.publicAddress();
        }
        return publicAddress(); // its tunnel was lost and re-established in this moment
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
        long end = System.nanoTime() + Bounds.notNegative("timeout", timeout).toNanos();
        close();
        boolean finished = true;
        for (AcceptorTunnel tunnel : tunnels) finished &= tunnel.awaitEnd(end);
        return finished;
    }

    /** The server socket was closed. */
    private void end() {
        tunnels.forEach(AcceptorTunnel::closeWhenDone);
        queue.close();
    }

    @Override
    public String toString() {
        return "RelayAcceptor[" + TunnelEvents.text(publicAddress()) + "]";
    }

    /** What becomes of the tunnels. */
    private final class Life implements AcceptorTunnel.Owner {
        @Override
        public void over(AcceptorTunnel tunnel, @Nullable Throwable cause) {
            if (cause != null) loss = cause;
            over.add(tunnel);
            if (over.size() == tunnels.size()) queue.close(loss); // nobody will ever come
        }
    }
}
