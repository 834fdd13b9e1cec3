package org.relay4j.client;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelLostException;
import org.relay4j.api.TunnelStatistics;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.io.Bounds;
import org.relay4j.yamux.io.LoopGroup;
import org.relay4j.yamux.io.Sockets;
import org.relay4j.yamux.io.Threads;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A tunnel whose visitors are connected to a service that this program can reach. A tunnel that is lost is re-established,
 * with growing pauses, until {@link #close}.
 *
 * <pre>{@code
 * RelayForwarder forwarder = RelayClient.forward("relay.example.com", 7000, service);
 * System.out.println("forwarding " + forwarder.publicAddress() + " to " + service);
 * forwarder.awaitEnd(); // until somebody closes it
 * }</pre>
 *
 * <p>Visitors are carried by an event loop; one more thread, which sleeps while the tunnel stands, looks after the
 * connection to the server. All threads are daemon threads. Safe for use by several threads.
 */
public final class RelayForwarder implements Tunnel {
    private static final Logger log = LoggerFactory.getLogger(RelayForwarder.class);
    private static final long CLOSE_DEADLINE = TimeUnit.SECONDS.toNanos(2);
    private static final ThreadFactory THREADS = Threads.factory("relay-forwarder");

    private final String host;
    private final int port;
    private final InetSocketAddress local;
    private final RelayClientOptions options;
    private final LoopGroup loops;
    private final Reconnector reconnector;
    private final TunnelEvents events;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Thread thread;
    private volatile ControlConnection connection;
    private volatile ForwardedTunnel tunnel;
    private volatile @Nullable Throwable endCause;

    @SuppressWarnings("NullAway.Init") // connect() sets the connection and the tunnel
    private RelayForwarder(String host, int port, InetSocketAddress local, RelayClientOptions options, LoopGroup loops)
            throws IOException {
        this.host = host;
        this.port = port;
        this.local = local;
        this.options = options;
        this.loops = loops;
        reconnector = new Reconnector(options);
        events = new TunnelEvents(options.listener(), this);
        reconnector.tryFirst(this::connect);
        thread = THREADS.newThread(this::run);
    }

    static RelayForwarder start(String host, int port, InetSocketAddress local, RelayClientOptions options)
            throws IOException {
        LoopGroup loops = LoopGroup.acquireShared();
        boolean started = false;
        try {
            RelayForwarder forwarder = new RelayForwarder(host, port, local, options, loops);
            forwarder.thread.start();
            started = true;
            return forwarder;
        } finally {
            if (!started) LoopGroup.releaseShared();
        }
    }

    @Override
    public InetSocketAddress publicAddress() {
        return connection.publicAddress();
    }

    @Override
    public InetSocketAddress serverAddress() {
        return connection.server();
    }

    @Override
    public boolean isOpen() {
        return tunnel.isOpen();
    }

    @Override
    public TunnelStatistics statistics() {
        return events.statistics();
    }

    /** Waits until this forwarder has ended for good: closed, or lost and not to be re-established. */
    public void awaitEnd() throws InterruptedException {
        ended.await();
    }

    /** Why this forwarder has ended for good; null while it has not, and when it was closed. */
    public @Nullable Throwable endCause() {
        return endCause;
    }

    /** Ends the tunnel for good; visitors are reset. Waits until that is done, at most two seconds. */
    @Override
    public void close() {
        reconnector.close();
        tunnel.close();
        thread.interrupt();
        if (Thread.currentThread() == thread || events.isCurrent()) return; // called by the listener
        try {
            if (!ended.await(CLOSE_DEADLINE, TimeUnit.NANOSECONDS)) log.debug("{}: still closing", this);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public boolean close(Duration timeout) {
        Bounds.notNegative("timeout", timeout);
        reconnector.close();
        tunnel.drain();
        boolean finished = false;
        try {
            finished = tunnel.awaitTermination(timeout.toNanos());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        close();
        return finished;
    }

    // ---- the life of the tunnel, on the forwarder's thread

    private void run() {
        InetSocketAddress before = null;
        try {
            do {
                log.info("tunnel {}: up, forwards to {}", TunnelEvents.name(this), TunnelEvents.text(local));
                events.up(publicAddress(), before);
                // A listener that leaves the flag set does not mean to end the tunnel; close() does not need it to be
                // noticed.
                Thread.interrupted();
                if (!awaitLoss()) return;
                before = publicAddress();
            } while (reconnect());
            events.closed(); // its owner was promised another attempt
        } finally {
            LoopGroup.releaseShared();
            ended.countDown();
        }
    }

    /** Waits until the tunnel is over; true when it is to be re-established. */
    private boolean awaitLoss() {
        long since = System.nanoTime();
        Cause lost = null;
        try {
            lost = tunnel.awaitEnd();
        } catch (InterruptedException e) {
            log.debug("{}: closing", this);
        }
        reconnector.wasUp(System.nanoTime() - since);
        if (lost == null || reconnector.isClosing()) {
            awaitGoodbye();
            events.closed();
            return false;
        }
        log.warn("tunnel {}: lost, {}", TunnelEvents.name(this), lost.message());
        boolean clean = lost.kind() == Cause.Kind.CLOSED_BY_PEER;
        TunnelLostException cause =
                new TunnelLostException("the tunnel was lost: " + lost.message(), clean, lost.error());
        boolean retry = options.reconnect();
        endCause = retry ? null : cause;
        events.down(cause, retry);
        return retry;
    }

    private void awaitGoodbye() {
        try {
            if (!tunnel.awaitTermination(CLOSE_DEADLINE)) log.debug("{}: the server does not take the farewell", this);
        } catch (InterruptedException e) {
            log.debug("{}: interrupted while closing", this);
        }
    }

    /** Tries until there is a tunnel again; false when this forwarder was closed meanwhile. */
    private boolean reconnect() {
        ForwardedTunnel next = reconnector.tryAgain(this::connect);
        if (next == null) return false;
        if (!reconnector.isClosing()) return true;
        next.close();
        return false;
    }

    private ForwardedTunnel connect() throws IOException {
        LocalService service = LocalService.resolve(local);
        ControlConnection opened = ControlConnection.open(host, port, options);
        ForwardedTunnel established = establish(opened, service);
        connection = opened;
        tunnel = established;
        return established;
    }

    private ForwardedTunnel establish(ControlConnection to, LocalService service) throws IOException {
        boolean started = false;
        try {
            ForwardedTunnel next = new ForwardedTunnel(loops.next(), to, service, events, options);
            next.start();
            events.connected(to.publicAddress(), next::statistics);
            started = true;
            return next;
        } finally {
            if (!started) Sockets.close(to.channel());
        }
    }

    @Override
    public String toString() {
        return "RelayForwarder[" + TunnelEvents.name(this) + " -> " + TunnelEvents.text(local) + "]";
    }
}
