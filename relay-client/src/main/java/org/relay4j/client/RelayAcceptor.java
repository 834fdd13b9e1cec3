package org.relay4j.client;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Tunnel;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.SessionException;
import org.relay4j.yamux.Stream;
import org.relay4j.yamux.io.AcceptorSocket;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A {@link ServerSocket} whose port is on a relay server: {@link #accept} returns the visitors of that port as real
 * sockets. It is bound from the start, to the public address, and needs no local port.
 *
 * <p>When the connection to the server is lost, the accepted sockets fail, and the tunnel is re-established, with growing
 * pauses: {@code accept} waits meanwhile. The public port may then be another one; a {@link org.relay4j.api.TunnelListener}
 * is told. With {@link RelayClientOptions.Builder#reconnect} off, {@code accept} fails with a {@link SocketException} that
 * names the cause instead.
 *
 * <p>As with any server socket, closing it leaves the accepted sockets alone; the connection to the server ends with the
 * last of them, or after the time that {@link #close(Duration)} gives them.
 *
 * <p>The remote address of accepted sockets is unspecified (0.0.0.0, port 0): the base protocol does not carry it.
 *
 * <p>Safe for use by several threads. {@code accept} reacts to interruption with {@link java.io.InterruptedIOException}.
 */
public final class RelayAcceptor extends ServerSocket implements Tunnel {
    private static final Logger log = LoggerFactory.getLogger(RelayAcceptor.class);
    private static final InetSocketAddress UNKNOWN_VISITOR = new InetSocketAddress(0);

    private final String host;
    private final int port;
    private final RelayClientOptions options;
    private final AcceptorSocket socket;
    private final Reconnector reconnector;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition(); // another tunnel, or closed
    private volatile AcceptorTunnel tunnel; // written with the lock held

    private RelayAcceptor(AcceptorSocket socket, String host, int port, RelayClientOptions options) throws IOException {
        super(socket);
        this.socket = socket;
        this.host = host;
        this.port = port;
        this.options = options;
        reconnector = new Reconnector(options);
        tunnel = connect();
        super.bind(tunnel.publicAddress(), 0); // only turns the state to bound: the getters report the public address
        socket.onClose(this::end);
    }

    static RelayAcceptor open(String host, int port, RelayClientOptions options) throws IOException {
        RelayAcceptor acceptor = new RelayAcceptor(new AcceptorSocket(), host, port, options);
        acceptor.announce(acceptor.tunnel);
        return acceptor;
    }

    @Override
    public InetSocketAddress publicAddress() {
        return tunnel.publicAddress();
    }

    @Override
    public InetSocketAddress serverAddress() {
        return tunnel.server();
    }

    @Override
    public boolean isOpen() {
        return tunnel.session().isOpen();
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
        return acceptStream().asSocket(publicAddress(), UNKNOWN_VISITOR);
    }

    /**
     * As {@link #accept}, for servers that do not use sockets: the visitor's stream, which can be {@linkplain
     * Stream#channel read and written without waiting}.
     */
    public Stream acceptStream() throws IOException {
        if (isClosed()) throw new SocketException("Socket is closed");
        long timeout = TimeUnit.MILLISECONDS.toNanos(getSoTimeout());
        long start = System.nanoTime();
        for (AcceptorTunnel current = tunnel; ; current = awaitNext(current, timeout, start)) {
            try {
                return current.session().accept(left(timeout, start));
            } catch (SessionException e) {
                if (reconnector.isClosing()) throw failure("Socket closed", e);
                if (!options.reconnect()) throw failure("the tunnel was lost: " + e.getMessage(), e);
            }
        }
    }

    /** Waits for the tunnel that comes after {@code lost}. */
    private AcceptorTunnel awaitNext(AcceptorTunnel lost, long timeout, long start) throws IOException {
        lock.lock();
        try {
            while (tunnel == lost) {
                if (reconnector.isClosing()) throw new SocketException("Socket closed");
                if (timeout == 0) changed.await();
                else if (changed.awaitNanos(left(timeout, start).toNanos()) <= 0) {
                    throw new SocketTimeoutException("Accept timed out");
                }
            }
            return tunnel;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for the tunnel to be re-established");
        } finally {
            lock.unlock();
        }
    }

    /** What is left of the timeout, zero when there is none. */
    private static Duration left(long timeout, long start) {
        return timeout == 0 ? Duration.ZERO : Duration.ofNanos(Math.max(1, timeout - (System.nanoTime() - start)));
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
        close();
        Session last = tunnel.session();
        boolean finished = false;
        try {
            finished = last.awaitTermination(timeout);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (!finished) last.close();
        return finished;
    }

    private static SocketException failure(String message, SessionException cause) {
        SocketException failure = new SocketException(message);
        failure.initCause(cause);
        return failure;
    }

    // ---- the life of the tunnel

    private AcceptorTunnel connect() throws IOException {
        return new AcceptorTunnel(ControlConnection.open(host, port, options), options, this::ended);
    }

    private void announce(AcceptorTunnel next) {
        log.info("tunnel {}: up", TunnelEvents.name(this));
        TunnelEvents.up(options.listener(), this);
        next.announced();
    }

    /** The server socket was closed. */
    private void end() {
        lock.lock();
        try {
            reconnector.close();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        tunnel.session().closeWhenDone();
    }

    /** A tunnel has ended. On a thread that may block. */
    private void ended(AcceptorTunnel lost, SessionException cause) {
        if (cause.reason() == SessionException.Reason.CLOSED_LOCALLY) {
            TunnelEvents.closed(options.listener(), this);
            return;
        }
        boolean retry = options.reconnect() && !reconnector.isClosing();
        log.warn("tunnel {}: lost, {}", TunnelEvents.name(this), cause.getMessage());
        TunnelEvents.down(options.listener(), this, cause, retry);
        if (!retry) return;
        reconnector.wasUp(lost.age());
        Thread.interrupted(); // a listener that leaves the flag set does not mean to end the tunnel
        AcceptorTunnel next = reconnector.tryAgain(this::connect);
        if (next == null) TunnelEvents.closed(options.listener(), this); // its owner was promised another attempt
        else if (replace(next)) announce(next);
    }

    /** False when this acceptor was closed meanwhile. */
    private boolean replace(AcceptorTunnel next) {
        lock.lock();
        try {
            if (!reconnector.isClosing()) {
                tunnel = next;
                socket.rebind(next.publicAddress());
                changed.signalAll();
                return true;
            }
        } finally {
            lock.unlock();
        }
        next.session().close(); // which is the end that its owner is told of
        next.announced();
        return false;
    }

    @Override
    public String toString() {
        return "RelayAcceptor[" + TunnelEvents.text(publicAddress()) + "]";
    }
}
