package org.relay4j.server;

import java.io.IOException;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.TunnelLostException;
import org.relay4j.api.control.ControlLine;
import org.relay4j.api.recording.TunnelEvent;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.io.Loop;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a client holds on the server: a public port, and the connections that carry its visitors. Confined to its loop. */
final class ServerTunnel {
    /*
     * CLAIMED until its client knows that it has the tunnel. SERVED while a connection takes visitors. HELD while none does
     * and the lease runs: the port stays open. CLOSED when the port was given back; visitors that finish may still be there.
     * Without a lease a tunnel goes from SERVED straight to CLOSED.
     */
    private enum State {
        CLAIMED,
        SERVED,
        HELD,
        CLOSED
    }

    private static final Logger log = LoggerFactory.getLogger(ServerTunnel.class);

    private static final Cause CLOSED = new Cause(Cause.Kind.CLOSED_LOCALLY, "the tunnel was closed");

    private final RelayServer server;
    private final ClientRequest request; // the first
    private final long number;
    private final String name;
    private final PublicPort port;
    private final Tenure tenure;
    private final Announcements announcements;
    private final Connections connections = new Connections();
    private State state = State.CLAIMED;
    private int connectionsEver;
    private int newest; // connection that took the place of others
    private boolean established; // a client has shown a sign of life
    private boolean leaving; // ends with its last connection, lease or not
    private @Nullable TunnelEvent recorded;

    ServerTunnel(RelayServer server, ClientRequest request, long number, PublicPort port, Places.Place place) {
        this.server = server;
        this.request = request;
        this.number = number;
        this.port = port;
        name = "tunnel " + number + " (port " + port.number() + ")";
        announcements = new Announcements(server.events(), shownTo(request));
        long time = server.options().lease().toNanos();
        tenure = new Tenure(this, request.leased() ? new Lease(server.random(), time) : null, place);
        port.belongTo(this, request.limits());
    }

    private ServedTunnel shownTo(ClientRequest from) {
        return new ServedTunnel(number, from.client(), port.number());
    }

    RelayServer server() {
        return server;
    }

    Loop loop() {
        return port.loop();
    }

    PublicPort port() {
        return port;
    }

    /** The name of its client; null without one. */
    @Nullable
    String owner() {
        return request.name();
    }

    /** Whether each stream begins with the address of its visitor. */
    boolean visitorAddresses() {
        return request.visitorAddress();
    }

    /** Its id, which its leases begin with; empty if it has none. */
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
        ControlLine line = ControlLine.of("OK").with("port", port.number());
        if (visitorAddresses()) line = line.with("visitor-address");
        line = tenure.grant(line, connection, join);
        boolean elsewhere = join != null && connections.takeVisitors();
        Loop chosen = elsewhere
                ? connections.unusedLoop(
                        claim.loop(), server.loops(), server.options().loops())
                : loop();
        return new TunnelGrant(this, claim, connection, chosen, line);
    }

    /** Whether a client may come back with the lease that it presents. */
    boolean accepts(ClientRequest from, String secret) {
        boolean canResume = tenure.canBeHeld() || from.join() != null;
        return state != State.CLOSED && canResume && Objects.equals(from.name(), owner()) && tenure.accepts(secret);
    }

    /** Whether what a client that comes back asks for is what the tunnel has. */
    boolean matches(ClientRequest from) {
        boolean samePort = from.port() == 0 || from.port() == port.number();
        return samePort && from.visitorAddress() == visitorAddresses();
    }

    /** Whether one more connection, or one that takes the place of others, is within the limit. */
    boolean hasRoomFor(ClientRequest from) {
        return from.join() == null || connections.haveRoom(from.instead(), mostConnections());
    }

    int mostConnections() {
        int own = request.limits().maxConnections();
        return own == 0 ? Connections.MOST : own;
    }

    /**
     * A connection whose client knows what it got. If it is to take the place of the others, these are closed at once, for they
     * may be half dead; those that sent GoAway finish.
     */
    void start(TunnelConnection connection, ClientRequest from) throws IOException {
        boolean first = state == State.CLAIMED;
        port.start();
        log.debug("{}: connected, client {}", name, connection);
        boolean replaces = from.resume() != null;
        if (replaces && connection.number() < newest) throw new IOException("the client has come back once more since");
        if (!hasRoomFor(from)) throw new IOException("the tunnel has enough connections");
        boolean takes = connection.takesVisitors(); // else another one does, or will once its client has answered
        if (state == State.CLOSED || (takes && !tenure.serve()))
            throw new IOException("the tunnel has ended meanwhile");
        List<TunnelConnection> before = replaces ? connections.copy() : List.of();
        TunnelConnection replaced = from.join() == null ? null : connections.numbered(from.instead());
        if (replaces) newest = connection.number();
        connections.add(connection);
        server.tunnels().opened(this, connection);
        if (first) recorded = TunnelEvent.begun();
        else if (takes && (replaces || state == State.HELD)) resumed(from);
        if (takes) state = State.SERVED;
        for (TunnelConnection each : before) each.supersede();
        if (replaced != null) replaced.replace();
        connection.start();
        port.resume(); // those that wait come first
        if (server.isClosing()) close();
    }

    private void resumed(ClientRequest from) {
        server.log().held("{}: resumed by client {}, {} visitors waiting", name, from, port.waiting());
        announcements.resumed(shownTo(from));
    }

    /** A connection could not be started, or its client has left before it knew what it got. */
    void failed(@Nullable TunnelConnection connection) {
        if (connection != null) {
            connections.remove(connection);
            server.tunnels().ended(connection);
        }
        if (state == State.SERVED && connections.isEmpty() && mayBeHeld()) hold("a connection could not be started");
        else if (state == State.CLAIMED || (state == State.SERVED && connections.isEmpty())) letGo("never started");
    }

    /** A client has shown a sign of life on its connection. */
    void established(TunnelConnection connection) {
        tenure.confirmed(connection.number());
        if (state == State.HELD && connection.takesVisitors() && tenure.serve()) {
            state = State.SERVED;
            resumed(connection.request());
        }
        if (isShared()) {
            connections.changed();
            loop().execute(port::resume);
        }
        if (established) return;
        established = true;
        server.tunnels().established();
        server.log().up("{}: up, client {}", name, connection);
        announcements.up();
    }

    /** A connection takes no more visitors; those that it has finish. */
    void goneAway(String why) {
        connections.changed();
        if (connections.takeVisitors() || state != State.SERVED) return;
        if (mayBeHeld()) hold(why);
        else port.close(this);
    }

    /** A connection has ended. */
    void lost(TunnelConnection connection, Cause cause) {
        connections.remove(connection);
        if (state == State.SERVED && !connections.takeVisitors() && mayBeHeld()) hold(cause.message());
        else if (connections.isEmpty() && (state == State.SERVED || leaving)) end(cause);
        else if (state == State.SERVED) loop().execute(port::resume); // visitors who waited for this one
        server.tunnels().ended(connection);
    }

    // ---- visitors

    /** True until no connection takes visitors any more, or the port was given back. */
    boolean isServed() {
        return state == State.CLAIMED || state == State.SERVED;
    }

    /** True while visitors wait for a connection. */
    boolean isHeld() {
        return state == State.HELD || state == State.CLAIMED;
    }

    /** Whether a connection can take a visitor now: the next one in turn. */
    boolean canTakeVisitor() {
        return state == State.SERVED && connections.choose();
    }

    /** Has the connection that can take a visitor carry one, which the port has counted. */
    void take(Arrival visitor) throws IOException {
        connections.chosen().take(visitor, port);
    }

    /** Whether there are several connections, or there will be. */
    boolean isShared() {
        return connections.size() > 1;
    }

    // ---- held

    /** Without a sign of life there is no client that could come back; strangers would fill the places. */
    private boolean mayBeHeld() {
        return established && !leaving && tenure.canBeHeld();
    }

    private void hold(String why) {
        state = State.HELD;
        tenure.hold();
        server.log()
                .held("{}: held for {} ms, {}", name, server.options().lease().toMillis(), why);
        announcements.held();
        port.resume(); // visitors that the connection could not take wait here now
    }

    /** The client has not come back in time. */
    void expire() {
        long millis = server.options().lease().toMillis();
        if (state == State.HELD)
            end(new Cause(Cause.Kind.TIMEOUT, "its client has not come back for " + millis + " ms"));
    }

    /** At a limit of tunnels, another has taken the place of this one. */
    void giveWay() {
        if (state == State.HELD) end(new Cause(Cause.Kind.TIMEOUT, "a newer tunnel took its place at a limit"));
    }

    /** Passes the port, with the visitors that wait there, and the place on to another tunnel of the same client. */
    @Nullable
    ServerTunnel surrender(ClientRequest to, long newNumber) {
        Places.Place place = tenure.surrender();
        if (state == State.CLOSED || place == null) return null;
        ServerTunnel successor = new ServerTunnel(server, to, newNumber, port, place);
        end(new Cause(Cause.Kind.CONNECTION_LOST, successor + " of the same client took its port"));
        for (TunnelConnection connection : connections.copy()) connection.drain();
        return successor;
    }

    /** The connections, for a test whether they are alive. */
    List<TunnelConnection> connections() {
        return connections.copy();
    }

    // ---- the end

    /** Takes no more visitors, and ends with the last one. From any thread; returns at once. */
    void drain() {
        loop().execute(this::leave);
    }

    /** The client says that it does not come back. */
    void bye() {
        server.log().goneAway("{}: the client ends the tunnel", name);
        leave();
    }

    private void leave() {
        if (state == State.CLOSED) return;
        leaving = true;
        port.close(this);
        if (connections.isEmpty()) end(CLOSED);
        for (TunnelConnection connection : connections.copy()) connection.drain();
    }

    /** Ends the tunnel; visitors are reset. From any thread; returns at once. */
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
        if (recorded != null) recorded.ended(name, cause.message());
        announcements.down(loss(cause));
        if (established) server.log().down(cause.kind(), "{}: down, {}", name, cause.message());
        else server.log().neverUp(cause.kind(), "{}: down, client {}: {}", name, request, cause.message());
    }

    /** Gives everything back but the connections. */
    private void letGo(String why) {
        state = State.CLOSED;
        port.close(this);
        server.registry().leave(this);
        server.tunnels().ended(this, established);
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
