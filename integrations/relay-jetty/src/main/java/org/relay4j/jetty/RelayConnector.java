package org.relay4j.jetty;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetSocketAddress;
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
 * A Jetty connector whose port is on a relay server: the visitors of that port are its connections.
 *
 * <pre>{@code
 * Server server = new Server();
 * RelayAcceptor acceptor = RelayClient.connect("relay.example.com", 7000);
 * server.addConnector(new RelayConnector(server, acceptor, new HttpConnectionFactory()));
 * server.start();
 * }</pre>
 *
 * <p>It takes the connection factories of Jetty, for HTTP/1.1, HTTP/2, WebSocket, and those with TLS. Two threads of the
 * server's pool belong to it while it runs: one accepts, one waits for what the visitors send.
 *
 * <p>A tunnel that is lost and re-established is not noticed here, except that {@link #getLocalPort} may change. When it is
 * not to be re-established the connector logs that, accepts no more and is no longer {@linkplain #isOpen open}.
 *
 * <p>Stopping the connector closes the acceptor, so it cannot be started again. The visitors have the stop timeout of the server
 * to finish, if it has one; those that are left are reset.
 */
public final class RelayConnector extends AbstractConnector implements NetworkConnector {
    private static final InetSocketAddress UNKNOWN_VISITOR = new InetSocketAddress(0);

    private final RelayAcceptor acceptor;
    private final Notices notices = new Notices(getExecutor());
    private ThreadPoolBudget.@Nullable Lease lease; // of the thread of the notices
    private volatile boolean lost; // the tunnel, for good

    /**
     * A connector that uses the thread pool, scheduler and buffers of its server.
     *
     * @param server to which it will be added
     * @param acceptor whose visitors it gets, all of them from the start on; it belongs to this connector then
     * @param factories the protocols, the first is the default
     */
    public RelayConnector(Server server, RelayAcceptor acceptor, ConnectionFactory... factories) {
        super(server, null, null, null, 1, factories);
        this.acceptor = Objects.requireNonNull(acceptor, "acceptor");
        addBean(notices);
    }

    // ---- what it is

    /** The acceptor. */
    @Override
    public RelayAcceptor getTransport() {
        return acceptor;
    }

    /** The host of the public address. */
    @Override
    public String getHost() {
        return acceptor.publicAddress().getHostString();
    }

    /** The public port, always that of the present tunnel. */
    @Override
    public int getPort() {
        return acceptor.publicAddress().getPort();
    }

    /** As {@link #getPort}, and as Jetty wants it -2 when the connector was closed. */
    @Override
    public int getLocalPort() {
        return acceptor.isClosed() ? -2 : getPort();
    }

    /** True until it was closed or stopped, or its tunnel was lost for good; also while the tunnel is being re-established. */
    @Override
    public boolean isOpen() {
        return !lost && !acceptor.isClosed();
    }

    // ---- its life

    /**
     * Does nothing: the port is open from the start.
     *
     * @throws IOException when the acceptor was closed
     */
    @Override
    public void open() throws IOException {
        if (acceptor.isClosed()) throw new SocketException("the acceptor is closed: a relay connector starts once");
    }

    /** Closes the port. The visitors stay. */
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
            return; // a timeout that somebody set on the acceptor; a connector has none
        } catch (InterruptedIOException e) {
            throw asInterruption(e);
        }
        RelayEndPoint endPoint = new RelayEndPoint(this, visitor, notices, acceptor.publicAddress(), UNKNOWN_VISITOR);
        try {
            open(endPoint);
        } catch (RuntimeException e) {
            endPoint.close(e);
            throw e;
        }
    }

    /** Jetty interrupts its acceptor when it is to look whether it is still wanted. */
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
        if (isShutdown()) endPoint.setIdleTimeout(getShutdownIdleTimeout()); // it came after the others were told
    }

    void closed(RelayEndPoint endPoint) {
        onEndPointClosed(endPoint);
    }

    /** The acceptor fails only when it is over. */
    @Override
    protected boolean handleAcceptFailure(Throwable failure) {
        if (!(failure instanceof IOException)) return super.handleAcceptFailure(failure);
        if (acceptor.isClosed()) return false;
        lost = true;
        LOG.warn("{} accepts no more: {}", this, failure.getMessage());
        return false;
    }
}
