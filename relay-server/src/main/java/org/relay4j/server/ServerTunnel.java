package org.relay4j.server;

import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.StringJoiner;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.api.TunnelLostException;
import org.relay4j.api.control.ControlLine;
import org.relay4j.api.recording.TunnelEvent;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.io.Bandwidth;
import org.relay4j.yamux.io.Loop;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A tunnel of a client: its endpoints, and the connections that carry their visitors. Confined to its loop. */
final class ServerTunnel {
    /*
     * CLAIMED until its client knows that it has the tunnel. SERVED while a connection accepts visitors. HELD while none does
     * and the lease is valid: the port stays open. CLOSED when the port was released; visitors may still be finishing. Without a
     * lease, CLOSED follows SERVED directly.
     *
     * More than 300 lines because all transitions between these states are here. The lease, the port and the list of connections
     * are classes of their own.
     */
    private enum State {
        CLAIMED,
        SERVED,
        HELD,
        CLOSED
    }

    private static final Logger log = LoggerFactory.getLogger(ServerTunnel.class);

    private static final int NUMBERS = 1_000; // of connections, kept for the next process at a time
    private static final Cause CLOSED = new Cause(Cause.Kind.CLOSED_LOCALLY, "the tunnel was closed");

    private final RelayServer server;
    private final ClientRequest request; // the first
    private final long number;
    private final String name;
    private final TunnelVisitors visitors;
    private final Endpoints endpoints;
    private final Tenure tenure;
    private final StateEntry entry;
    private final Announcements announcements;
    private final @Nullable Bandwidth bandwidth; // of all connections together; null means no limit
    private final Connections connections = new Connections();
    private volatile State state = State.CLAIMED; // written on its loop
    private int connectionsEver;
    private int newest; // number of the connection that replaced the others
    private boolean established; // the client has answered
    private volatile boolean leaving; // ends with its last connection, even with a lease; written on its loop
    private volatile ServedTunnel last; // with the client's latest address; written on its loop
    private volatile Instant since = Instant.now(); // established; written on its loop
    private @Nullable TunnelEvent recorded;

    ServerTunnel(RelayServer server, ClientRequest request, long number, Endpoints endpoints, Tenure tenure) {
        this.server = server;
        this.request = request;
        this.number = number;
        this.endpoints = endpoints;
        visitors = new TunnelVisitors(server, request.limits());
        this.tenure = tenure;
        entry = new StateEntry(server, tenure, this::kept);
        name = describe();
        long perSecond = request.limits().bandwidth();
        bandwidth = perSecond == 0 ? null : new Bandwidth(perSecond, System.nanoTime());
        last = shownTo(request);
        announcements = new Announcements(server.events(), last);
        endpoints.belongTo(this);
    }

    /** Returns the name for logs and recordings: number and port, then the client's name and the tunnel's id if it has them. */
    private String describe() {
        StringJoiner names = new StringJoiner(", ", "tunnel " + number + " (", ")").setEmptyValue("tunnel " + number);
        if (port() > 0) names.add("port " + port());
        String owner = owner();
        if (owner != null) names.add(owner);
        if (!id().isEmpty()) names.add(id());
        return names.toString();
    }

    private ServedTunnel shownTo(ClientRequest from) {
        return new ServedTunnel(number, from.client(), port());
    }

    /** Returns a snapshot with the given numbers of its connections. From any thread. */
    OpenTunnel shown(int carrying, long bytesIn, long bytesOut) {
        OpenTunnel.State shown = OpenTunnel.State.SERVED;
        if (leaving || tenure.isFinishing() || state == State.CLOSED) shown = OpenTunnel.State.CLOSING;
        else if (state == State.HELD) shown = OpenTunnel.State.HELD;
        String id = id().isEmpty() ? null : id();
        return new OpenTunnel(
                last,
                id,
                owner(),
                shown,
                since,
                endpoints.shown(),
                carrying,
                visitors.present(),
                visitors.everPresent(),
                bytesIn,
                bytesOut);
    }

    /** Returns the counts of its visitors. */
    TunnelVisitors visitors() {
        return visitors;
    }

    RelayServer server() {
        return server;
    }

    Loop loop() {
        return endpoints.loop();
    }

    /** Returns the public port that its client asked for at first; 0 if it asked for none. From any thread. */
    int port() {
        return endpoints.port();
    }

    Endpoints endpoints() {
        return endpoints;
    }

    ClientLimits limits() {
        return request.limits();
    }

    /** Has other claims find the tunnel. */
    void enter() {
        endpoints.enter();
        server.registry().enter(this);
        server.tunnels().opened(this);
    }

    /** Called when a connection may accept a visitor. */
    void resume() {
        // The sessions of other tunnels are asked without the lock of one of this tunnel.
        if (endpoints.areShared()) loop().execute(endpoints::resume);
        else endpoints.resume();
    }

    /** Returns the name of its client; null if it has none. */
    @Nullable
    String owner() {
        return request.name();
    }

    /** Returns whether each stream begins with the address of its visitor. */
    boolean visitorAddresses() {
        return request.visitorAddress();
    }

    /** Returns the bandwidth that its connections share; null if it is not limited. */
    @Nullable
    Bandwidth bandwidth() {
        return bandwidth;
    }

    /** Returns its id, with which its leases begin; empty if it has none. */
    String id() {
        return tenure.id();
    }

    Announcements announcements() {
        return announcements;
    }

    // ---- connections

    /** Grants a connection to a client. */
    TunnelGrant grant(Claim claim) {
        int connection = ++connectionsEver;
        String join = claim.request().join();
        ControlLine line = ControlLine.of("OK").with("port", port() == 0 || !endpoints.havePort() ? "none" : port());
        if (visitorAddresses()) line = line.with("visitor-address");
        line = tenure.grant(line, connection, join);
        if (claim.request().drain()) line = line.with("drain");
        boolean elsewhere = join != null && connections.takeVisitors();
        Loop chosen = elsewhere
                ? connections.unusedLoop(
                        claim.loop(), server.loops(), server.options().loops())
                : loop();
        return new TunnelGrant(this, claim, connection, chosen, line);
    }

    // ---- the state for the next process

    /** Calls {@code then} once the next process can find the tunnel, or with the failure; at once if it needs not. */
    void keep(Consumer<@Nullable IOException> then) {
        if (isOpen()) entry.put(then);
        else then.accept(null);
    }

    /** Returns its entry in the state for the next process. */
    StateEntry entry() {
        return entry;
    }

    private KeptTunnel kept() {
        int numbers = (connectionsEver / NUMBERS + 1) * NUMBERS;
        return new KeptTunnel(
                id(),
                endpoints.havePort() ? port() : 0,
                owner(),
                request.client(),
                visitorAddresses(),
                numbers,
                tenure.hashes(),
                endpoints.others());
    }

    /** Takes back the lease of a grant of which the client does not know. */
    void withdraw(TunnelGrant grant) {
        tenure.withdraw(grant.line().value("lease"));
        entry.update();
    }

    /** Waits for the client of a tunnel that the last process had. */
    void awaitClient(KeptTunnel kept) {
        if (state != State.CLAIMED) return; // its name was revoked meanwhile
        connectionsEver = kept.connections();
        established = true;
        since = Instant.now();
        recorded = TunnelEvent.begun();
        server.tunnels().established(this);
        announcements.up();
        try {
            endpoints.start();
        } catch (IOException e) {
            end(new Cause(Cause.Kind.CONNECTION_LOST, "its endpoints cannot be opened: " + e.getMessage()));
            return;
        }
        hold("the server was restarted");
        if (server.isClosing()) close();
    }

    /** Gives the endpoints back, because the server could not start. On the thread that starts it. */
    void giveBack() {
        endpoints.close();
    }

    // ---- returning clients

    /** Returns whether a client may resume the tunnel with this lease. */
    boolean accepts(ClientRequest from, String secret) {
        boolean canResume = tenure.canBeHeld() || from.join() != null;
        // One that asks for a port that the tunnel has no more is to ask for another tunnel.
        boolean lacksPort = from.port() >= 0 && (port() == 0 || !endpoints.havePort());
        return isOpen() && canResume && !lacksPort && Objects.equals(from.name(), owner()) && tenure.accepts(secret);
    }

    /** Returns whether it may get another connection or endpoint. From any thread. */
    boolean isOpen() {
        return !leaving && !endpoints.isClosed();
    }

    /** Returns whether the request of a returning client matches the tunnel. */
    boolean matches(ClientRequest from) {
        boolean samePort = from.port() == 0 || Math.max(0, from.port()) == (endpoints.havePort() ? port() : 0);
        return samePort && from.visitorAddress() == visitorAddresses();
    }

    /** Returns whether one more connection, or one that replaces others, is within the limit. */
    boolean hasRoomFor(ClientRequest from) {
        return from.join() == null || connections.haveRoom(from.instead(), mostConnections());
    }

    int mostConnections() {
        int own = request.limits().maxConnections();
        return own == 0 ? Connections.MOST : own;
    }

    int mostEndpoints() {
        int own = request.limits().maxEndpoints();
        return own > 0 ? own : owner() == null ? 1 : Endpoints.MOST;
    }

    /**
     * Starts a connection whose client was notified. If it replaces the others, these are closed at once, because they may be
     * broken; those that sent GoAway end with their last visitor.
     */
    void start(TunnelConnection connection, ClientRequest from) throws IOException {
        boolean first = state == State.CLAIMED;
        endpoints.start();
        log.debug("{}: connected, client {}", name, connection);
        boolean replaces = from.resume() != null;
        if (replaces && connection.number() < newest) throw new IOException("the client has connected again since");
        if (!hasRoomFor(from)) throw new IOException("the tunnel has enough connections");
        boolean takes = connection.takesVisitors(); // else another one does, or will once its client has answered
        if (!isOpen() || (takes && !tenure.serve())) throw new IOException("the tunnel has ended");
        List<TunnelConnection> before = replaces ? connections.copy() : List.of();
        TunnelConnection replaced = from.join() == null ? null : connections.numbered(from.instead());
        if (replaces) {
            newest = connection.number();
            endpoints.awaitConfirmation();
        }
        connections.add(connection);
        server.tunnels().connected(connection);
        if (first) recorded = TunnelEvent.begun();
        else if (takes && (replaces || state == State.HELD)) resumed(from);
        if (takes) state = State.SERVED;
        Connections.supersede(before, mostConnections());
        if (replaced != null) replaced.replace();
        connection.start();
        resume(); // waiting visitors are first
        if (server.isClosed()) close();
        else if (server.isClosing()) leave();
    }

    private void resumed(ClientRequest from) {
        server.log().held("{}: resumed by client {}, {} visitors waiting", name, from, visitors.waiting());
        last = shownTo(from);
        announcements.resumed(last);
    }

    /** Called when a connection could not be started, or its client disconnected before it was notified. */
    void failed(@Nullable TunnelConnection connection) {
        if (connection != null) {
            connections.remove(connection);
            server.tunnels().ended(connection);
        }
        if (state == State.SERVED && connections.isEmpty() && mayBeHeld()) hold("a connection could not be started");
        else if (state == State.CLAIMED || (state == State.SERVED && connections.isEmpty())) letGo("never started");
    }

    /** Called when the client has answered on a connection. */
    void established(TunnelConnection connection) {
        if (state == State.CLOSED) {
            connection.drain();
            return;
        }
        tenure.confirmed(connection.number());
        entry.update();
        if (state == State.HELD && connection.takesVisitors() && tenure.serve()) {
            state = State.SERVED;
            resumed(connection.request());
        }
        if (connectionsEver > 1) { // one on another loop takes visitors from now on
            connections.changed();
            loop().execute(this::resume);
        }
        if (established) return;
        established = true;
        since = Instant.now();
        StickyPorts sticky = server.stickyPorts();
        if (sticky != null && request.isBase()) sticky.opened(request.client().getAddress());
        server.tunnels().established(this);
        server.log().up("{}: up, client {}", name, connection);
        announcements.up();
    }

    /** Called when a connection accepts no more visitors; connected ones finish. */
    void goneAway(String why) {
        connections.changed();
        rest(why);
    }

    /** Holds the tunnel, or closes its port, if no connection accepts visitors any more. */
    private void rest(String why) {
        if (state != State.SERVED || connections.takeVisitors()) return;
        if (mayBeHeld()) hold(why);
        else if (!connections.willTakeVisitors()) finish();
    }

    /** Gives back the place, for which a new tunnel may be waiting, and the port. Connected visitors finish. */
    private void finish() {
        // One without visitors ends soon, unless its client stays connected. While the server shuts down, there are no
        // new ones.
        if (!server.isClosing() && !endpoints.isClosed() && visitors.present() > visitors.waiting())
            tenure.finish(this);
        closePort();
    }

    /** Called when newer tunnels that are finishing have displaced this one. */
    void cutShort() {
        if (state == State.CLOSED) return;
        server.log()
                .goneAway(
                        "{}: the last {} visitors are reset, too many closed tunnels have visitors",
                        name,
                        visitors.present());
        close();
    }

    /** Closes the port. Its number, and the lease, are no longer found. */
    private void closePort() {
        if (!server.isClosing()) entry.remove(); // first: another tunnel may have the port as soon as it is closed
        endpoints.close();
        server.registry().leave(this);
    }

    /** Called when a connection has ended. */
    void lost(TunnelConnection connection, Cause cause) {
        connections.remove(connection);
        rest(cause.message());
        if (connections.isEmpty() && (state == State.SERVED || leaving)) end(cause);
        else if (state == State.SERVED) loop().execute(this::resume); // visitors who waited for this one
        server.tunnels().ended(connection);
    }

    // ---- visitors

    /** Returns true until its client has its answer. */
    boolean isClaimed() {
        return state == State.CLAIMED;
    }

    /** Returns true while a connection accepts visitors. */
    boolean isServed() {
        return state == State.SERVED;
    }

    /** Returns true while visitors wait for a connection. */
    boolean isHeld() {
        return state == State.HELD || state == State.CLAIMED;
    }

    /** Returns whether a connection can accept a visitor now: the next one in turn. */
    boolean canTakeVisitor() {
        return state == State.SERVED && connections.choose();
    }

    /** Returns the connection for one visitor, directly after {@link #canTakeVisitor} has returned true. */
    TunnelConnection nextConnection() {
        return connections.chosen();
    }

    /** Chooses the connection with the fewest visitors; {@link Integer#MAX_VALUE} if none can take a visitor now. */
    int fewestVisitors() {
        return state == State.SERVED ? connections.chooseFewest() : Integer.MAX_VALUE;
    }

    /** Passes a visitor, which its queue has counted, to the connection that can accept it. */
    void take(Arrival visitor, VisitorQueue queue) {
        nextConnection().take(visitor, queue);
    }

    /** Returns whether all visitors go to this connection. */
    boolean isServedBy(TunnelConnection connection) {
        return connections.size() == 1 && connection.takesVisitors() && !endpoints.areShared();
    }

    // ---- held

    /** A tunnel whose client never answered is not held, because strangers could fill all places. */
    private boolean mayBeHeld() {
        return established && !leaving && tenure.canBeHeld();
    }

    private void hold(String why) {
        state = State.HELD;
        tenure.hold(this);
        endpoints.hold();
        server.log().held("{}: held for {} ms, {}", name, tenure.holdMillis(), why);
        announcements.held();
        resume(); // visitors that the connection could not accept wait here
    }

    /** Called when the client has not returned in time. */
    void expire() {
        long millis = tenure.holdMillis();
        if (state == State.HELD)
            end(new Cause(Cause.Kind.TIMEOUT, "its client has not come back for " + millis + " ms"));
    }

    /** Called when another tunnel has displaced this one at a limit. */
    void giveWay() {
        if (state == State.HELD) end(new Cause(Cause.Kind.TIMEOUT, "a newer tunnel took its place at a limit"));
    }

    /**
     * Returns whether it has an endpoint that another tunnel of its client may take. If it is ending, it closes its endpoints first,
     * perhaps before the last visitors were passed to a connection, because the claimant does not wait.
     */
    boolean canSurrender(Endpoint wanted) {
        if (leaving) finish();
        return isOpen() && endpoints.mayPass(wanted);
    }

    /** Passes its place in the limits on, if it ends without the endpoint, which {@link #surrender} must take in the same step. */
    Places.@Nullable Place surrenderPlace(Endpoint wanted) {
        return endpoints.isOnly(wanted) ? tenure.surrender() : null;
    }

    /**
     * Passes an endpoint that it {@linkplain #canSurrender can surrender} to the loop of another tunnel, with its waiting visitors.
     * Without an endpoint, it ends.
     */
    PublicEndpoint surrender(Endpoint wanted, Loop to) {
        PublicEndpoint passed = endpoints.passTo(to, wanted);
        entry.update();
        if (endpoints.size() == 0)
            end(new Cause(Cause.Kind.CONNECTION_LOST, "another tunnel of the same client took " + wanted));
        return passed;
    }

    /** Returns the connections, for a liveness check. */
    List<TunnelConnection> connections() {
        return connections.copy();
    }

    // ---- the end

    /** Accepts the visitors that the kernel holds, but no more, and ends with the last one. From any thread; does not block. */
    void drain() {
        loop().execute(this::leave);
    }

    /** Called when the client announces that it will not return. */
    void bye() {
        entry.remove(); // even if the server is closing
        if (state == State.CLOSED || leaving) return;
        server.log().goneAway("{}: the client ends the tunnel", name);
        leave();
    }

    /** Calls {@code then} on this loop when the other loops have handled the visitors that were passed to them. */
    void afterVisitorsOnTheWay(Runnable then) {
        connections.afterTheirLoops(loop(), then);
    }

    private void leave() {
        if (state == State.CLOSED || leaving) return;
        leaving = true;
        if (state == State.SERVED) endpoints.finish(this::left);
        else left();
    }

    /** Called when no visitor is left at the port. */
    private void left() {
        finish();
        if (connections.isEmpty()) end(CLOSED);
        drainAll();
    }

    private void drainAll() {
        for (TunnelConnection connection : connections.copy()) connection.drain();
    }

    /** Ends the tunnel for good, because its name has lost its proof. From any thread; does not block. */
    void revoke() {
        loop().execute(entry::remove);
        close();
    }

    /** Ends the tunnel and resets its visitors. From any thread; does not block. */
    void close() {
        loop().execute(() -> {
            leaving = true;
            if (connections.isEmpty()) end(CLOSED);
            for (TunnelConnection connection : connections.copy()) connection.close();
        });
    }

    private void end(Cause cause) {
        if (state == State.CLOSED) return;
        letGo(cause.message());
        drainAll(); // those that sent GoAway may have visitors
        if (recorded != null) recorded.ended(name, cause.message());
        announcements.down(loss(cause));
        if (established) server.log().down(cause.kind(), "{}: down, {}", name, cause.message());
        else server.log().neverUp(cause.kind(), "{}: down, client {}: {}", name, request, cause.message());
    }

    /** Releases everything except the connections. */
    private void letGo(String why) {
        state = State.CLOSED;
        closePort();
        server.tunnels().ended(this, established);
        StickyPorts sticky = server.stickyPorts();
        if (sticky != null && established && request.isBase())
            sticky.closed(request.client().getAddress(), port(), System.nanoTime());
        tenure.leave(why);
    }

    private static @Nullable Throwable loss(Cause cause) {
        if (cause.kind() == Cause.Kind.CLOSED_LOCALLY) return null;
        boolean clean = cause.kind() == Cause.Kind.CLOSED_BY_PEER;
        return new TunnelLostException("the tunnel was lost: " + cause.message(), clean, cause.error());
    }

    @Override
    public String toString() {
        return name;
    }
}
