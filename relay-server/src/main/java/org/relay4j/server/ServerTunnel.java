package org.relay4j.server;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.io.Bandwidth;
import org.relay4j.yamux.io.Loop;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A tunnel of a client: its endpoints, and the connections that carry their visitors. Decides what the start and the loss of a
 * connection mean for the tunnel; the rest is in its parts. Confined to its loop.
 */
final class ServerTunnel {
    /*
     * More than 300 lines because a quarter of them gives its parts access to each other.
     */
    private static final Logger log = LoggerFactory.getLogger(ServerTunnel.class);

    private final RelayServer server;
    private final ClientRequest request; // the first
    private final TunnelVisitors visitors;
    private final Endpoints endpoints;
    private final Tenure tenure;
    private final TunnelLifecycle lifecycle = new TunnelLifecycle();
    private final Connections connections;
    private final TunnelReporter reporter;
    private final TunnelGrants grants;
    private final TunnelEnding ending;
    private final @Nullable Bandwidth bandwidth; // of all connections together; null means no limit
    private int newest; // number of the connection that replaced the others
    private boolean awaited; // its client has come from another node, and has no connection yet

    ServerTunnel(RelayServer server, ClientRequest request, long number, Endpoints endpoints, Tenure tenure) {
        this.server = server;
        this.request = request;
        this.endpoints = endpoints;
        connections = new Connections(lifecycle, endpoints.sharing()::isMutual);
        this.tenure = tenure;
        visitors = new TunnelVisitors(server, request.limits());
        reporter = new TunnelReporter(server, request, number, tenure.id(), endpoints.port());
        grants = new TunnelGrants(this);
        ending = new TunnelEnding(this);
        long perSecond = request.limits().bandwidth();
        bandwidth = perSecond == 0 ? null : new Bandwidth(perSecond, System.nanoTime());
        endpoints.belongTo(this);
    }

    /** Has other claims find the tunnel. */
    void enter() {
        endpoints.enter();
        server.registry().enter(this);
        server.tunnels().opened(this);
        Cluster cluster = server.cluster();
        if (cluster != null) cluster.enter(this);
    }

    // ---- its parts; constant, so from any thread

    RelayServer server() {
        return server;
    }

    /** Returns the first request of its client. */
    ClientRequest request() {
        return request;
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

    /** Returns its id, with which its leases begin; empty if it has none. */
    String id() {
        return tenure.id();
    }

    Loop loop() {
        return endpoints.loop();
    }

    /** Returns the public port that its client asked for at first; 0 if it asked for none. */
    int port() {
        return endpoints.port();
    }

    Endpoints endpoints() {
        return endpoints;
    }

    Connections connections() {
        return connections;
    }

    /** Returns the counts of its visitors. */
    TunnelVisitors visitors() {
        return visitors;
    }

    TunnelLifecycle lifecycle() {
        return lifecycle;
    }

    Tenure tenure() {
        return tenure;
    }

    /** Returns the connections that it grants. */
    TunnelGrants grants() {
        return grants;
    }

    /** Returns its entry in the state for the next process. */
    StateEntry entry() {
        return grants.entry();
    }

    TunnelReporter reporter() {
        return reporter;
    }

    TunnelEnding ending() {
        return ending;
    }

    /** Returns its events for the listener of the server. */
    Announcements announcements() {
        return reporter.announcements();
    }

    /** Returns the bandwidth that its connections share; null if it is not limited. */
    @Nullable
    Bandwidth bandwidth() {
        return bandwidth;
    }

    /** Returns whether it may get another connection or endpoint. From any thread. */
    boolean isOpen() {
        return !lifecycle.isLeaving() && !endpoints.isClosed();
    }

    // ---- connections

    /** Waits for the client of a tunnel that another process had. */
    void awaitClient(KeptTunnel kept, String why) {
        if (!lifecycle.isClaimed()) return; // its name was revoked meanwhile
        grants.restore(kept);
        lifecycle.establish();
        reporter.restored(this);
        try {
            endpoints.start();
        } catch (IOException e) {
            ending.end(new Cause(Cause.Kind.CONNECTION_LOST, "its endpoints cannot be opened: " + e.getMessage()));
            return;
        }
        hold(why);
        awaited = server.cluster() != null;
        if (server.isClosing()) close();
    }

    /**
     * Starts a connection whose client was notified. If it replaces the others, these are closed at once, because they may be
     * broken; those that sent GoAway end with their last visitor.
     */
    void start(TunnelConnection connection, ClientRequest from) throws IOException {
        boolean first = lifecycle.isClaimed();
        awaited = false;
        endpoints.start();
        log.debug("{}: connected, client {}", this, connection);
        boolean replaces = from.resume() != null;
        if (replaces && connection.number() < newest) throw new IOException("the client has connected again since");
        if (!grants.haveRoomFor(from)) throw new IOException("the tunnel has enough connections");
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
        if (first) reporter.begun();
        else if (takes && (replaces || lifecycle.isHeld())) reporter.resumed(from, visitors.waiting());
        if (takes) lifecycle.serve();
        entry().refresh();
        Connections.supersede(before, request.mostConnections());
        if (replaced != null) replaced.replace();
        connection.start();
        resume(); // waiting visitors are first
        if (server.isClosed()) close();
        else if (server.isClosing()) ending.leave();
    }

    /** Called when a connection could not be started, or its client disconnected before it was notified. */
    void failed(@Nullable TunnelConnection connection) {
        if (connection != null) {
            connections.remove(connection);
            server.tunnels().ended(connection);
        }
        awaited = false;
        boolean unserved = lifecycle.isServed() && connections.isEmpty();
        if (unserved && mayBeHeld()) hold("a connection could not be started");
        else if (lifecycle.isClaimed() || unserved) ending.letGo("never started");
        else if (lifecycle.isHeld() && entry().isElsewhere()) endHere(); // its visitors would wait here for nothing
    }

    /** Called when the client has answered on a connection. */
    void established(TunnelConnection connection) {
        if (lifecycle.isClosed()) {
            connection.drain();
            return;
        }
        grants.confirmed(connection);
        if (lifecycle.isHeld() && connection.takesVisitors() && tenure.serve()) {
            lifecycle.serve();
            entry().refresh();
            reporter.resumed(connection.request(), visitors.waiting());
        }
        if (grants.areSeveral()) { // one on another loop takes visitors from now on
            connections.changed();
            loop().execute(this::resume);
        }
        if (!lifecycle.establish()) return;
        StickyPorts sticky = server.stickyPorts();
        if (sticky != null && request.isBase()) sticky.opened(request.client().getAddress());
        reporter.up(this, connection);
    }

    /** Called when a connection accepts no more visitors; connected ones finish. */
    void goneAway(String why) {
        connections.changed();
        rest(why);
    }

    /** Called when a connection has ended. */
    void lost(TunnelConnection connection, Cause cause) {
        connections.remove(connection);
        rest(cause.message());
        if (connections.isEmpty() && (lifecycle.isServed() || lifecycle.isLeaving())) ending.end(cause);
        else if (lifecycle.isServed()) loop().execute(this::resume); // visitors who waited for this one
        server.tunnels().ended(connection);
    }

    /** Holds the tunnel, or closes its endpoints, if no connection accepts visitors any more. */
    private void rest(String why) {
        if (!lifecycle.isServed() || connections.takeVisitors()) return;
        if (mayBeHeld() && !entry().isElsewhere()) hold(why);
        else if (!connections.willTakeVisitors()) ending.finish();
    }

    /** Called when a connection may accept a visitor. */
    void resume() {
        // The sessions of other tunnels are asked without the lock of one of this tunnel.
        if (endpoints.sharing().isUsed()) loop().execute(endpoints::resume);
        else endpoints.resume();
    }

    /** Returns whether all visitors go to this connection. */
    boolean isServedBy(TunnelConnection connection) {
        return connections.size() == 1
                && connection.takesVisitors()
                && !endpoints.sharing().isUsed();
    }

    // ---- held

    /** A tunnel whose client never answered is not held, because strangers could fill all places. */
    private boolean mayBeHeld() {
        return lifecycle.isEstablished() && !lifecycle.isLeaving() && tenure.canBeHeld();
    }

    private void hold(String why) {
        lifecycle.hold();
        tenure.hold(this);
        endpoints.hold();
        entry().refresh();
        reporter.held(why, tenure.holdMillis());
        resume(); // visitors that the connection could not accept wait here
    }

    /** Called when the client has not returned in time. */
    void expire() {
        if (!lifecycle.isHeld()) return;
        String why = "its client has not come back for " + tenure.holdMillis() + " ms";
        ending.end(new Cause(Cause.Kind.TIMEOUT, why));
    }

    /** Called when another tunnel has displaced this one at a limit. */
    void giveWay() {
        if (!lifecycle.isHeld()) return;
        ending.end(new Cause(Cause.Kind.TIMEOUT, "a newer tunnel took its place at a limit"));
    }

    // ---- other nodes of the cluster

    /** Another node has the tunnel alone. Its visitors are reset, unless the tunnel is ending. Later calls have no effect. */
    void lostToOther(String why) {
        TunnelClaims claims = entry().claims();
        if (claims == null || claims.isOver()) return;
        claims.lost();
        boolean finishes = isFinishing();
        Cause cause = new Cause(Cause.Kind.CONNECTION_LOST, why);
        ending.end(cause);
        if (!finishes) closeConnections();
    }

    private boolean isFinishing() {
        return server.isClosing() || lifecycle.isLeaving();
    }

    private void closeConnections() {
        for (TunnelConnection connection : connections.copy()) connection.close();
    }

    /** Another node has an endpoint. The client connects again to learn that, and opens the others again. Without any, the tunnel ends. */
    void lostToOther(Endpoint endpoint) {
        TunnelClaims claims = entry().claims();
        if (claims == null || claims.isOver()) return;
        claims.lost(endpoint);
        PublicEndpoint found = endpoints.find(endpoint);
        if (found == null) return; // the tunnel has given it up
        boolean finishes = isFinishing();
        endpoints.giveBack(found);
        if (endpoints.size() == 0)
            ending.end(new Cause(Cause.Kind.CONNECTION_LOST, "another node has its endpoint " + endpoint));
        if (!finishes) closeConnections();
    }

    /** Another node serves an endpoint of the tunnel, too. If the tunnel is held here, its visitors go there from now on. */
    void isElsewhere(Endpoint endpoint) {
        if (lifecycle.isServed() && isOpen()) entry().join(endpoint);
        if (lifecycle.isHeld() && !awaited) endHere();
    }

    private void endHere() {
        ending.end(new Cause(Cause.Kind.CLOSED_BY_PEER, "its client is at another node"));
    }

    // ---- the end

    /** Accepts the visitors that the kernel holds, but no more, and ends with the last one. From any thread; does not block. */
    void drain() {
        loop().execute(ending::leave);
    }

    /** Called when the client announces that it will not return. */
    void bye() {
        entry().remove(); // even if the server is closing
        if (lifecycle.isClosed() || lifecycle.isLeaving()) return;
        reporter.bye();
        ending.leave();
    }

    /** Ends the tunnel for good, because its name has lost its proof. From any thread; does not block. */
    void revoke() {
        loop().execute(entry()::remove);
        close();
    }

    /** Ends the tunnel and resets its visitors. From any thread; does not block. */
    void close() {
        loop().execute(ending::abort);
    }

    @Override
    public String toString() {
        return reporter.name();
    }
}
