package org.relay4j.client;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.RelayException;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelLostException;
import org.relay4j.api.TunnelStatistics;
import org.relay4j.yamux.io.Bounds;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The tunnel of an acceptor or a forwarder to one relay server, over all its connections. */
final class ClientTunnel implements Tunnel {
    /*
     *   connect -> up -> lost -> connect again, after a pause -> up -> ... -> over
     *
     * Connecting blocks: the first time in the caller's thread, afterwards in one of Callbacks, which exists only while it is
     * needed. The tunnel subscribes to the end of a connection after it has announced its up, so neither can overtake the other.
     * Visitors are handled by the connection.
     */

    /** Opens a connection. */
    interface Connector {
        /**
         * Blocks until the server has assigned a port. From then on visitors are reported to {@code events}.
         *
         * @param entrance where to connect
         */
        TunnelConnection connect(Entrance entrance, TunnelEvents events) throws IOException;
    }

    /** The owner of a tunnel. Called on threads that may block. */
    interface Owner {
        /** The tunnel has ended for good; the cause is null if it was closed. Called once. */
        void over(@Nullable Throwable cause);
    }

    private static final Logger log = LoggerFactory.getLogger(ClientTunnel.class);
    private static final long ROUND_TRIP_PERIOD = TimeUnit.SECONDS.toNanos(10);

    private final InetSocketAddress server; // may be unresolved
    private final RelayClientOptions options;
    private final Connector connector;
    private final Owner owner;
    private final Entrance entrance;
    private final Attempts attempts;
    private final TunnelEvents events;
    private final Cadence measuring = new Cadence(ROUND_TRIP_PERIOD, System::nanoTime);
    private final CountDownLatch over = new CountDownLatch(1);
    private volatile @Nullable Throwable endCause; // set before it is over
    private volatile @Nullable TunnelConnection connection; // the present one, or the last

    /**
     * A tunnel that is not connected yet.
     *
     * @param shown the tunnel that the listener is given; null for this one
     */
    ClientTunnel(
            InetSocketAddress server,
            RelayClientOptions options,
            Connector connector,
            Owner owner,
            @Nullable Tunnel shown) {
        this.server = server;
        this.options = options;
        this.connector = connector;
        this.owner = owner;
        entrance = new Entrance(server, options);
        attempts = new Attempts(options, entrance::isUrgent);
        events = new TunnelEvents(options.listener(), shown == null ? this : shown);
    }

    // ---- the life of the tunnel

    /**
     * Connects for the first time; {@link #announce} is to follow. Blocks as {@link Attempts#first} does.
     *
     * @throws IOException if that failed, or the tunnel was closed meanwhile
     */
    void connect() throws IOException {
        adopt(attempts.first(this::attempt, options.retryFirst()));
    }

    /** Retries after a failed first attempt, while other tunnels of the owner may be up. Blocks until it succeeds or ends. */
    void connectLater(IOException failure) {
        try {
            if (!options.reconnect() || attempts.isClosing()) {
                finish(attempts.isClosing() ? null : failure);
                return;
            }
            log.warn("no tunnel: {}; trying again", failure.getMessage());
            if (connectAgain()) announce();
            else finish(null);
        } catch (RuntimeException | Error e) {
            fail(e);
        }
    }

    private TunnelConnection attempt() throws IOException {
        return connector.connect(entrance, events);
    }

    private void adopt(TunnelConnection next) throws IOException {
        connection = next;
        if (attempts.isClosing()) { // the thread that closed the tunnel may have missed this connection
            next.close();
            throw new SocketException("closed before it was connected");
        }
        events.connected(next.publicAddress(), next::statistics);
    }

    /** Announces the first connection, on the thread that opened it. */
    void announce() {
        TunnelConnection first = connection;
        if (first != null) announce(first, null);
    }

    private void announce(TunnelConnection next, @Nullable InetSocketAddress before) {
        log.info("tunnel {}: up", HostPort.text(next.publicAddress()));
        long since = System.nanoTime();
        events.up(next.publicAddress(), before);
        var unused = next.ended()
                .thenAccept(loss -> Callbacks.runSurely(Callbacks.EXECUTOR, () -> ended(next, since, loss)));
    }

    /** A connection that was up has ended; the loss is null if this side closed it. */
    private void ended(TunnelConnection last, long since, @Nullable Loss loss) {
        try {
            if (loss == null || (attempts.isClosing() && loss.clean())) {
                events.closed();
                finish(null);
                return;
            }
            attempts.wasUp(System.nanoTime() - since);
            lost(last, loss);
        } catch (RuntimeException | Error e) {
            fail(e);
        }
    }

    /** Ends the tunnel for good because of a defect or a lack of memory. */
    void fail(Throwable defect) {
        log.error("{}: internal error, the tunnel is given up", this, defect);
        RelayException cause = new RelayException("internal error: " + defect, defect);
        closeNow();
        try {
            if (connection != null) events.down(cause, false);
        } finally {
            finish(cause);
        }
    }

    private void lost(TunnelConnection last, Loss loss) {
        entrance.connectionLost();
        TunnelLostException cause = loss.exception();
        boolean retry = options.reconnect() && !attempts.isClosing();
        log.warn("tunnel {}: lost, {}", HostPort.text(last.publicAddress()), loss.why());
        events.down(cause, retry);
        if (!retry) finish(attempts.isClosing() ? null : cause);
        else if (connectAgain()) announce(current(), last.publicAddress());
        else {
            events.closed(); // the listener expects another attempt
            finish(null);
        }
    }

    /** False if the tunnel was closed meanwhile. */
    private boolean connectAgain() {
        try {
            adopt(attempts.again(this::attempt));
            return true;
        } catch (IOException e) {
            log.debug("tunnel to {}: {}", HostPort.text(server), e.getMessage());
            return false;
        }
    }

    private void finish(@Nullable Throwable cause) {
        if (over.getCount() == 0) return;
        endCause = cause;
        owner.over(cause); // first: whoever waits for the end may ask the owner why
        over.countDown();
    }

    // ---- the end

    /** Accepts no more visitors; ends with the last one. Does not block. */
    void closeWhenDone() {
        attempts.close(); // no other connection from now on
        TunnelConnection last = connection;
        if (last != null) last.closeWhenDone();
    }

    /** Ends the tunnel; visitors are reset. Does not block. */
    void closeNow() {
        attempts.close();
        TunnelConnection last = connection;
        if (last != null) last.close();
    }

    /** Waits until the visitors have left, until {@link System#nanoTime} is {@code end} at most; then resets them. */
    boolean awaitVisitors(long end) {
        TunnelConnection last = connection;
        if (last == null) return true;
        boolean finished = false;
        try {
            finished = last.awaitTermination(Math.max(0, end - System.nanoTime()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (!finished) last.close();
        return finished;
    }

    @Override
    public void awaitEnd() throws InterruptedException {
        over.await();
    }

    /** As {@link #awaitEnd}; false if that takes longer than {@code nanos}, or the socket is not closed by then. */
    boolean awaitEnd(long nanos) throws InterruptedException {
        long end = System.nanoTime() + nanos;
        if (!over.await(nanos, TimeUnit.NANOSECONDS)) return false;
        TunnelConnection last = connection;
        return last == null || last.awaitTermination(Math.max(0, end - System.nanoTime()));
    }

    @Nullable
    Throwable endCause() {
        return endCause;
    }

    /** True on a thread that is calling the listener. It must not wait for another call. */
    boolean isCallingListener() {
        return events.isCurrent();
    }

    // ---- the tunnel

    /** True once there was a connection. */
    boolean hasConnected() {
        return connection != null;
    }

    @Nullable
    TunnelConnection connection() {
        return connection;
    }

    private TunnelConnection current() {
        TunnelConnection last = connection;
        if (last == null)
            throw new IllegalStateException("there was no connection to " + HostPort.text(server) + " yet");
        return last;
    }

    @Override
    public InetSocketAddress publicAddress() {
        return current().publicAddress();
    }

    @Override
    public InetSocketAddress serverAddress() {
        TunnelConnection last = connection;
        return last == null ? server : last.serverAddress();
    }

    @Override
    public boolean isOpen() {
        TunnelConnection last = connection;
        return last != null && last.isOpen();
    }

    @Override
    public TunnelStatistics statistics() {
        TunnelConnection last = connection;
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
        return "tunnel to " + HostPort.text(server);
    }
}
