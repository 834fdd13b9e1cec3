package org.relay4j.client;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Tunnel;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.SessionException;
import org.relay4j.yamux.Stream;
import org.relay4j.yamux.io.Sockets;

/**
 * A {@link ServerSocket} whose port is on a relay server: {@link #accept} returns the visitors of that port as real
 * sockets. It is bound from the start, to the public address, and needs no local port.
 *
 * <p>As with any server socket, closing it leaves the accepted sockets alone; the connection to the server ends with the
 * last of them. When the connection to the server is lost, {@code accept} fails with a {@link SocketException} that names
 * the cause, and so do the accepted sockets.
 *
 * <p>The remote address of accepted sockets is unspecified (0.0.0.0, port 0): the base protocol does not carry it.
 *
 * <p>Safe for use by several threads. {@code accept} reacts to interruption with {@link java.io.InterruptedIOException}.
 */
public final class RelayAcceptor extends ServerSocket implements Tunnel {
    private static final InetSocketAddress UNKNOWN_VISITOR = new InetSocketAddress(0);

    private final Session session;
    private final InetSocketAddress server;
    private final InetSocketAddress publicAddress;

    private RelayAcceptor(AcceptorSocket socket, ControlConnection connection) throws IOException {
        super(socket);
        session = socket.session();
        server = connection.server();
        publicAddress = connection.publicAddress();
        super.bind(publicAddress, 0); // only turns the state to bound, so that the getters report the public address
    }

    static RelayAcceptor over(ControlConnection connection, RelayClientOptions options) throws IOException {
        TunnelEvents events = new TunnelEvents(options.listener());
        Session session = null;
        boolean made = false;
        try {
            session = Session.server(
                    connection.channel(),
                    options.session().toBuilder().listener(events).build());
            RelayAcceptor acceptor = new RelayAcceptor(new AcceptorSocket(session), connection);
            made = true;
            events.up(acceptor);
            return acceptor;
        } finally {
            if (!made) {
                events.abandon();
                if (session != null) session.close();
                else Sockets.close(connection.channel());
            }
        }
    }

    @Override
    public InetSocketAddress publicAddress() {
        return publicAddress;
    }

    @Override
    public InetSocketAddress serverAddress() {
        return server;
    }

    @Override
    public boolean isOpen() {
        return session.isOpen();
    }

    /**
     * Waits for the next visitor, at most the {@linkplain #setSoTimeout timeout}.
     *
     * @throws SocketTimeoutException when none came in time
     * @throws SocketException "Socket closed" when this acceptor was closed, else with the reason why the tunnel was lost
     * @throws java.io.InterruptedIOException when the thread was interrupted; its flag stays set
     */
    @Override
    public Socket accept() throws IOException {
        if (isClosed()) throw new SocketException("Socket is closed");
        Stream stream;
        try {
            stream = session.accept(Duration.ofMillis(getSoTimeout()));
        } catch (SessionException e) {
            throw failure(e);
        }
        return stream.asSocket(publicAddress, UNKNOWN_VISITOR);
    }

    /**
     * Does nothing while this acceptor is open: it is bound to its public address from the start. Servers call it with the
     * local address that they would use otherwise.
     */
    @Override
    public void bind(@Nullable SocketAddress endpoint, int backlog) throws IOException {
        if (isClosed()) throw new SocketException("Socket is closed");
    }

    private SocketException failure(SessionException cause) {
        String message = isClosed() ? "Socket closed" : "the tunnel was lost: " + cause.getMessage();
        SocketException failure = new SocketException(message);
        failure.initCause(cause);
        return failure;
    }

    @Override
    public String toString() {
        return "RelayAcceptor[" + TunnelEvents.text(publicAddress) + "]";
    }
}
