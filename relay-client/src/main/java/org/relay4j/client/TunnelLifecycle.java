package org.relay4j.client;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.RelayException;
import org.relay4j.api.RelayOptionException;
import org.relay4j.api.TunnelLostException;
import org.relay4j.yamux.SessionStatistics;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Connects a tunnel, re-establishes it when it is lost, and ends it. Safe for use by several threads. */
final class TunnelLifecycle {
    /*
     *   connect -> up -> lost -> connect again, after a pause -> up -> ... -> over
     *
     * Connecting blocks: the first time the caller's thread, afterwards one of Callbacks for each attempt. The tunnel subscribes to
     * the end of a connection after it has announced its up, so neither can overtake the other. Visitors are handled by the connection.
     *
     * While the tunnel is up, Companions add further connections if the options want them. It is lost with its last connection.
     *
     * Longer than 300 lines because every transition between these states is here.
     */

    private static final Logger log = LoggerFactory.getLogger(TunnelLifecycle.class);

    private final InetSocketAddress server; // may be unresolved
    private final RelayClientOptions options;
    private final Connector connector;
    private final TunnelOwner owner;
    private final TunnelEvents events;
    private final Entrance entrance;
    private final Attempts attempts;
    private final CountDownLatch over = new CountDownLatch(1);
    private volatile @Nullable Throwable endCause; // set before it is over
    private final Connections connections = new Connections();
    private volatile @Nullable Companions companions; // of this time that the tunnel is up
    private volatile @Nullable Rescue rescue; // of this time, for a tunnel with one connection
    private volatile boolean abrupt; // the visitors are reset by the close; set before the attempts are closed

    /** Creates the life of a tunnel that is not connected yet. */
    TunnelLifecycle(
            InetSocketAddress server,
            RelayClientOptions options,
            Connector connector,
            TunnelOwner owner,
            TunnelEvents events) {
        this.server = server;
        this.options = options;
        this.connector = connector;
        this.owner = owner;
        this.events = events;
        entrance = new Entrance(server, options);
        attempts = new Attempts("no tunnel", options, entrance::isUrgent);
    }

    Connections connections() {
        return connections;
    }

    Entrance entrance() {
        return entrance;
    }

    // ---- up, lost, and up again

    /**
     * Connects for the first time; the caller then calls {@link #announce}. Blocks as {@link Attempts#first} does.
     *
     * @throws IOException if that fails, another tunnel has the lease file, or the tunnel is closed
     */
    void connect() throws IOException {
        entrance.begin();
        boolean connected = false;
        try {
            adopt(attempts.first(this::attempt, failure -> options.retryFirst() && !isFinal(failure)));
            connected = true;
        } finally {
            if (!connected) {
                entrance.end();
                connections.all().forEach(TunnelConnection::close); // the owner may have failed
            }
        }
    }

    /** Returns whether another attempt needs other options. */
    private static boolean isFinal(IOException failure) {
        return failure instanceof RelayOptionException;
    }

    /** Retries after a failed first attempt, while other tunnels of the owner may be up. Does not block. */
    void connectLater(IOException failure) {
        if (!options.reconnect() || attempts.isClosing() || isFinal(failure)) {
            finish(attempts.isClosing() ? null : failure);
            return;
        }
        log.warn("no tunnel: {}; trying again", failure.getMessage());
        connectAgain(next -> {
            if (next == null) finish(null);
            else Callbacks.runSurely(Callbacks.LISTENERS, this::announceSurely); // calls the listener
        });
    }

    private void announceSurely() {
        try {
            announce();
        } catch (RuntimeException | Error e) {
            fail(e);
        }
    }

    private TunnelConnection attempt() throws IOException {
        return connector.connect(entrance::open, events);
    }

    private void adopt(TunnelConnection next) throws IOException {
        connections.begin(next);
        if (attempts.isClosing()) { // the thread that closed the tunnel may have missed this connection
            next.close();
            throw new SocketException("closed before it was connected");
        }
        owner.connected();
    }

    /** Announces the first connection, on the thread that opened it. */
    void announce() {
        TunnelConnection first = connections.main();
        if (first == null) return;
        PlainTraffic.warn(options, first.control());
        announce(first, null);
    }

    private void announce(TunnelConnection next, @Nullable InetSocketAddress before) {
        log.info("tunnel {}: up", name(next));
        Supplier<SessionStatistics> numbers = next::statistics;
        events.connected(name(next), numbers);
        long since = System.nanoTime();
        events.up(next.publicAddress(), before);
        addCompanions();
        awaitEndOf(next, numbers, since);
    }

    /** Returns the name of the tunnel for logs and recordings: its public address, and its id if it has one. */
    String name(TunnelConnection connection) {
        String address = HostPort.text(connection.control().shownAddress());
        String id = entrance.tunnel();
        return id == null ? address : address + " (" + id + ")";
    }

    private void addCompanions() {
        Companions.Joining joining = new JoiningConnections(this, connector, events);
        Companions further = new Companions(options, joining);
        companions = further;
        boolean rescued = options.connections() == 1 && entrance.isJoinable();
        rescue = rescued ? new Rescue(options, connections, joining) : null;
        if (attempts.isClosing()) closeCompanions(); // the thread that closed the tunnel may have missed them
        if (entrance.isJoinable()) further.start();
        else if (options.connections() > 1)
            log.warn("{}: the server grants no lease, so there is only one connection", this);
    }

    /** Has the end of a connection of the tunnel handled. */
    void awaitEndOf(TunnelConnection next, Supplier<SessionStatistics> numbers, long since) {
        var unused = next.ended()
                .thenAccept(loss -> Callbacks.runSurely(Callbacks.EXECUTOR, () -> {
                    events.left(numbers);
                    ended(next, since, loss);
                }));
        var unusedToo = next.draining()
                .thenAccept(seconds -> Callbacks.runSurely(Callbacks.EXECUTOR, () -> draining(next, since, seconds)));
        Rescue present = rescue;
        if (present != null)
            present.watch(next, () -> {
                if (next.isDraining())
                    draining(next, since, next.draining().toCompletableFuture().join());
            });
    }

    /** Called when the server of a connection shuts down: another connection is made first, if the server lets it join. */
    private void draining(TunnelConnection leaving, long since, long seconds) {
        log.info("tunnel {}: the server shuts down within {} s", name(leaving), seconds);
        Companions further = companions;
        if (further == null || !entrance.isJoinable() || !connections.moves(leaving)) return;
        further.move(leaving, System.nanoTime() - since);
    }

    /** Called when a connection that was up has ended; the loss is null if this side closed it. */
    private void ended(TunnelConnection last, long since, @Nullable Loss loss) {
        try {
            boolean drained = last.isDraining();
            boolean succeeded = connections.isMoving(last);
            boolean wasLast = connections.remove(last);
            Loss seen = drained ? Loss.drained(loss) : succeeded && loss == null ? Loss.succeeded() : loss;
            Loss unwanted = seen == null || (attempts.isClosing() && seen.clean()) ? null : seen;
            long nanos = System.nanoTime() - since;
            if (!wasLast) {
                if (unwanted != null && !succeeded) replace(last, nanos, unwanted);
            } else if (unwanted == null) {
                events.closed();
                finish(null);
            } else {
                if (drained) attempts.wasDrained(nanos);
                attempts.wasUp(nanos);
                lost(last, unwanted);
            }
        } catch (RuntimeException | Error e) {
            fail(e);
        }
    }

    /** The tunnel is still up. */
    private void replace(TunnelConnection lost, long nanos, Loss loss) {
        log.info("tunnel {}: one of its connections was lost, {}", name(lost), loss.why());
        Rescue present = rescue;
        if (present != null && present.lost()) return;
        Companions further = companions;
        if (further != null && connections.staying() < options.connections())
            further.replace(lost.control().grant().connection(), nanos);
    }

    /** Ends the tunnel for good because of a defect or a lack of memory. */
    void fail(Throwable defect) {
        log.error("{}: internal error, the tunnel is closed", this, defect);
        RelayException cause = new RelayException("internal error: " + defect, defect);
        closeNow();
        try {
            if (connections.main() != null) events.down(cause, false);
        } finally {
            finish(cause);
        }
    }

    private void lost(TunnelConnection last, Loss loss) {
        closeCompanions();
        entrance.connectionLost();
        TunnelLostException cause = loss.exception();
        boolean retry = options.reconnect() && !attempts.isClosing();
        log.warn("tunnel {}: lost, {}", name(last), loss.why());
        events.down(cause, retry);
        if (!retry) {
            finish(attempts.isClosing() ? null : cause);
            return;
        }
        connectAgain(next -> {
            if (next != null) announce(next, last.publicAddress());
            else {
                events.closed(); // the listener expects another attempt
                finish(null);
            }
        });
    }

    /** Connects after a pause, and then passes the connection on; null if the tunnel was closed. Does not block. */
    private void connectAgain(Consumer<@Nullable TunnelConnection> then) {
        attempts.later(this::attempt, failure -> true, outcome -> {
            try {
                then.accept(adopted(outcome));
            } catch (RuntimeException | Error e) {
                fail(e);
            }
        });
    }

    /** Returns null if the tunnel was closed. */
    private @Nullable TunnelConnection adopted(Attempts.Outcome<TunnelConnection> outcome) {
        try {
            TunnelConnection next = outcome.get();
            adopt(next);
            return next;
        } catch (IOException e) {
            log.debug("tunnel to {}: {}", HostPort.text(server), e.getMessage());
            return null;
        }
    }

    private void finish(@Nullable Throwable cause) {
        if (over.getCount() == 0) return;
        closeCompanions();
        entrance.end();
        endCause = cause;
        owner.over(cause); // first, because a thread that waits for the end may ask the owner for the cause
        over.countDown();
    }

    // ---- the end

    /** See {@link ClientTunnel#closeWhenDone}. */
    void closeWhenDone() {
        endAttempts();
        connections.all().forEach(TunnelConnection::closeWhenDone);
    }

    /** See {@link ClientTunnel#closeNow}. */
    void closeNow() {
        abrupt = true;
        endAttempts();
        connections.all().forEach(TunnelConnection::close);
    }

    boolean isClosing() {
        return attempts.isClosing();
    }

    /** Ends a connection that was made while the tunnel was closed, as those were ended that it had then. */
    void endLate(TunnelConnection late) {
        if (abrupt) late.close();
        else late.closeWhenDone(); // the server may have given it a visitor already
    }

    /** There is no other connection from now on. */
    private void endAttempts() {
        attempts.close();
        entrance.end();
        closeCompanions();
    }

    private void closeCompanions() {
        Companions further = companions;
        if (further != null) further.close();
        Rescue present = rescue;
        if (present != null) present.close();
    }

    void awaitEnd() throws InterruptedException {
        over.await();
    }

    /** The end includes the close of the socket. */
    boolean awaitEnd(long nanos) throws InterruptedException {
        long end = System.nanoTime() + nanos;
        if (!over.await(nanos, TimeUnit.NANOSECONDS)) return false;
        return connections.awaitTermination(end);
    }

    @Nullable
    Throwable endCause() {
        return endCause;
    }

    @Override
    public String toString() {
        return "tunnel to " + HostPort.text(server);
    }
}
