package org.relay4j.client;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelLostException;
import org.relay4j.api.TunnelStatistics;
import org.relay4j.yamux.AcceptQueue;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.SessionException;
import org.relay4j.yamux.io.Bounds;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An acceptor's tunnel to one relay server, over all the connections that it takes. */
final class AcceptorTunnel implements Tunnel {
    private static final Logger log = LoggerFactory.getLogger(AcceptorTunnel.class);

    /** Whose tunnel it is. Called on threads that may block. */
    interface Owner {
        /** The tunnel has ended for good; the cause is null when it was closed. May be called more than once. */
        void over(AcceptorTunnel tunnel, @Nullable Throwable cause);
    }

    private final InetSocketAddress address; // of the server; may be unresolved
    private final RelayClientOptions options;
    private final AcceptQueue queue;
    private final Owner owner;
    private final Reconnector reconnector;
    private final TunnelEvents events;
    private final ReentrantLock lock = new ReentrantLock();
    private volatile @Nullable AcceptorConnection
            connection; // the present one, or the last; written with the lock held

    /**
     * Connects to nothing yet.
     *
     * @param shown what the listener is given; null for this tunnel
     */
    AcceptorTunnel(
            InetSocketAddress address,
            RelayClientOptions options,
            AcceptQueue queue,
            Owner owner,
            @Nullable Tunnel shown) {
        this.address = address;
        this.options = options;
        this.queue = queue;
        this.owner = owner;
        reconnector = new Reconnector(options);
        events = new TunnelEvents(options.listener(), shown == null ? this : shown);
    }

    // ---- connections

    /** Connects for the first time; {@link #announce} is to follow. Blocks as {@link Reconnector#tryFirst} does. */
    void connect() throws IOException {
        replace(reconnector.tryFirst(this::attempt));
    }

    /** The first attempt has failed: goes on trying, until it succeeds or is closed, or gives up. Blocks meanwhile. */
    void couldNotConnect(IOException failure, boolean tryAgain) {
        if (!tryAgain || reconnector.isClosing()) {
            owner.over(this, reconnector.isClosing() ? null : failure);
            return;
        }
        log.warn("cannot reach {}, trying again: {}", TunnelEvents.text(address), failure.getMessage());
        AcceptorConnection first = reconnector.tryAgain(this::attempt);
        if (first == null) owner.over(this, null);
        else if (replace(first)) announce();
    }

    private AcceptorConnection attempt() throws IOException {
        ControlConnection opened = ControlConnection.open(address.getHostString(), address.getPort(), options);
        return new AcceptorConnection(opened, this, options, queue);
    }

    /** False when this tunnel was closed meanwhile. */
    private boolean replace(AcceptorConnection next) {
        lock.lock();
        try {
            if (!reconnector.isClosing()) {
                connection = next;
                events.connected(next.publicAddress(), next.session()::statistics);
                return true;
            }
        } finally {
            lock.unlock();
        }
        next.session().close(); // which is the end that its owner is told of
        next.announced();
        return false;
    }

    /** Tells everybody that the tunnel stands for the first time. Does nothing when it was closed before that. */
    void announce() {
        AcceptorConnection first = connection;
        if (first != null) announce(first, null);
    }

    private void announce(AcceptorConnection next, @Nullable InetSocketAddress before) {
        log.info("tunnel {}: up", TunnelEvents.text(next.publicAddress()));
        events.up(next.publicAddress(), before);
        next.announced();
    }

    /** A connection has ended. On a thread that may block. */
    void ended(AcceptorConnection lost, SessionException cause) {
        if (cause.reason() == SessionException.Reason.CLOSED_LOCALLY) {
            if (connection != null) events.closed(); // else nobody has heard of it
            owner.over(this, null);
            return;
        }
        boolean retry = options.reconnect() && !reconnector.isClosing();
        log.warn("tunnel {}: lost, {}", TunnelEvents.name(this), cause.getMessage());
        TunnelLostException why =
                new TunnelLostException("the tunnel was lost: " + cause.getMessage(), cause.isClean(), cause);
        events.down(why, retry);
        if (!retry) {
            owner.over(this, reconnector.isClosing() ? null : why);
            return;
        }
        reconnector.wasUp(lost.age());
        AcceptorConnection next = reconnector.tryAgain(this::attempt);
        if (next == null) {
            events.closed(); // its owner was promised another attempt
            owner.over(this, null);
        } else if (replace(next)) announce(next, lost.publicAddress());
    }

    /** Takes no more visitors; ends with the last one. Does not block. */
    void closeWhenDone() {
        lock.lock();
        try {
            reconnector.close(); // no other connection from now on
        } finally {
            lock.unlock();
        }
        AcceptorConnection last = connection;
        if (last != null) last.session().closeWhenDone();
        else owner.over(this, null);
    }

    /** Closes a tunnel that nobody was told of. Does not block. */
    void abandon() {
        closeWhenDone();
        AcceptorConnection last = connection;
        if (last != null) last.announced();
    }

    // ---- for the owner

    TunnelEvents events() {
        return events;
    }

    /** True once there was a connection. */
    boolean hasConnected() {
        return connection != null;
    }

    boolean isTo(Session session) {
        AcceptorConnection last = connection;
        return last != null && last.session() == session;
    }

    private AcceptorConnection current() {
        AcceptorConnection last = connection;
        if (last == null)
            throw new IllegalStateException("there was no connection to " + TunnelEvents.text(address) + " yet");
        return last;
    }

    // ---- the tunnel

    @Override
    public InetSocketAddress publicAddress() {
        return current().publicAddress();
    }

    @Override
    public InetSocketAddress serverAddress() {
        AcceptorConnection last = connection;
        return last == null ? address : last.server();
    }

    @Override
    public boolean isOpen() {
        AcceptorConnection last = connection;
        return last != null && last.session().isOpen();
    }

    @Override
    public TunnelStatistics statistics() {
        return events.statistics();
    }

    @Override
    public void close() {
        closeWhenDone();
    }

    @Override
    public boolean close(Duration timeout) {
        long end = System.nanoTime() + Bounds.notNegative("timeout", timeout).toNanos();
        closeWhenDone();
        return awaitEnd(end);
    }

    /** Waits until the visitors have finished, until {@link System#nanoTime} is {@code end} at most; then resets them. */
    boolean awaitEnd(long end) {
        AcceptorConnection last = connection;
        if (last == null) return true;
        boolean finished = false;
        try {
            finished = last.session().awaitTermination(Duration.ofNanos(Math.max(0, end - System.nanoTime())));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (!finished) last.session().close();
        return finished;
    }

    @Override
    public String toString() {
        return "tunnel to " + TunnelEvents.text(address);
    }
}
