package org.relay4j.jetty;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.AbstractConnector;
import org.eclipse.jetty.server.ConnectionFactory;
import org.eclipse.jetty.server.NetworkConnector;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.thread.ThreadPoolBudget;
import org.jspecify.annotations.Nullable;
import org.relay4j.client.RelayAcceptor;
import org.relay4j.yamux.Stream;

/**
 * A Jetty connector that listens on a public port of a relay server. Each visitor of that port is a connection.
 *
 * <pre>{@code
 * Server server = new Server();
 * RelayAcceptor acceptor = RelayClient.connect("relay.example.com", 7000);
 * server.addConnector(new RelayConnector(server, acceptor, new HttpConnectionFactory()));
 * server.start();
 * }</pre>
 *
 * <p>Works with Jetty's connection factories for HTTP/1.1, HTTP/2, WebSocket and TLS. It uses two threads of the server's pool
 * while it runs: one accepts, the other waits until a visitor can be read or written.
 *
 * <p>When the tunnel is lost and re-established, the connector continues, and {@link #getLocalPort} may return a different port.
 * When the tunnel is lost for good, the connector logs a warning, stops accepting and is no longer {@linkplain #isOpen open}.
 *
 * <p>Stopping the connector closes the acceptor, so it cannot be started again. Visitors may finish within the server's stop
 * timeout, if there is one; the others are reset.
 */
public final class RelayConnector extends AbstractConnector implements NetworkConnector {

    private final RelayAcceptor acceptor;
    private final Notices notices = new Notices(getExecutor());
    private ThreadPoolBudget.@Nullable Lease lease; // of the thread that waits for notices
    private volatile boolean lost; // the tunnel is lost for good

    /**
     * Creates a connector that uses the thread pool, scheduler and buffers of its server.
     *
     * @param server the server to which the connector will be added
     * @param acceptor the source of the visitors; the connector owns it from now on, and closes it
     * @param factories the protocols; the first one is the default
     */
    public RelayConnector(Server server, RelayAcceptor acceptor, ConnectionFactory... factories) {
        super(server, null, null, null, 1, factories);
        this.acceptor = Objects.requireNonNull(acceptor, "acceptor");
        addBean(notices);
    }

    // ---- properties

    /** Returns the acceptor. */
    @Override
    public RelayAcceptor getTransport() {
        return acceptor;
    }

    /** Returns the host of the public address. */
    @Override
    public String getHost() {
        return acceptor.publicAddress().getHostString();
    }

    /** Returns the public port of the current tunnel. */
    @Override
    public int getPort() {
        return acceptor.publicAddress().getPort();
    }

    /** Returns the public port of the current tunnel, or -2 if the connector was closed, as Jetty specifies. */
    @Override
    public int getLocalPort() {
        return acceptor.isClosed() ? -2 : getPort();
    }

    /**
     * Returns true until the connector is closed or stopped, or its tunnel is lost for good. It is also true while the tunnel
     * is being re-established.
     */
    @Override
    public boolean isOpen() {
        return !lost && !acceptor.isClosed();
    }

    // ---- lifecycle

    /**
     * Does nothing, because the port is open from the start.
     *
     * @throws IOException if the acceptor is closed
     */
    @Override
    public void open() throws IOException {
        if (acceptor.isClosed()) throw new SocketException("the acceptor is closed: a relay connector starts once");
    }

    /** Closes the public port. Connected visitors stay. */
    @Override
    public void close() {
        try {
            acceptor.close();
        } catch (IOException e) {
            LOG.warn("{}: {}", this, e.getMessage());
        }
    }

    @Override
    protected void doStart() throws Exception {
        open();
        lease = ThreadPoolBudget.leaseFrom(getExecutor(), this, 1);
        super.doStart();
    }

    @Override
    public CompletableFuture<Void> shutdown() {
        close();
        return super.shutdown();
    }

    @Override
    protected void doStop() throws Exception {
        close();
        for (EndPoint left : List.copyOf(getConnectedEndPoints()))
            left.close(new IOException("the connector was stopped"));
        super.doStop();
        if (lease != null) lease.close();
    }

    // ---- accepting

    @Override
    protected void accept(int acceptorId) throws IOException, InterruptedException {
        Stream visitor;
        try {
            visitor = acceptor.acceptStream();
        } catch (SocketTimeoutException e) {
            return; // the application set a timeout on the acceptor; Jetty calls again
        } catch (InterruptedIOException e) {
            throw asInterruption(e);
        }
        RelayEndPoint endPoint = new RelayEndPoint(
                this, visitor, notices, acceptor.publicAddress(), RelayAcceptor.visitorAddress(visitor));
        try {
            open(endPoint);
        } catch (RuntimeException e) {
            endPoint.close(e);
            throw e;
        }
    }

    /** Jetty interrupts its acceptor thread to make it check whether the connector was stopped. */
    private static InterruptedException asInterruption(InterruptedIOException e) {
        Thread.interrupted();
        InterruptedException interruption = new InterruptedException(e.getMessage());
        interruption.initCause(e);
        return interruption;
    }

    private void open(RelayEndPoint endPoint) {
        endPoint.setIdleTimeout(getIdleTimeout());
        endPoint.onOpen();
        onEndPointOpened(endPoint);
        Connection connection = getDefaultConnectionFactory().newConnection(this, endPoint);
        endPoint.setConnection(connection);
        connection.onOpen();
        if (isShutdown())
            endPoint.setIdleTimeout(
                    getShutdownIdleTimeout()); // accepted after shutdown() shortened the timeouts of the others
    }

    void closed(RelayEndPoint endPoint) {
        onEndPointClosed(endPoint);
    }

    /** Stops accepting: the acceptor only fails when it is closed or its tunnel is lost for good. */
    @Override
    protected boolean handleAcceptFailure(Throwable failure) {
        if (!(failure instanceof IOException)) return super.handleAcceptFailure(failure);
        if (acceptor.isClosed()) return false;
        lost = true;
        LOG.warn("{}: the tunnel is lost for good, no more visitors are accepted: {}", this, failure.getMessage());
        return false;
    }
}
