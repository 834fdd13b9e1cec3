package org.relay4j.server;

import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.time.Instant;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.TunnelLostException;
import org.relay4j.api.recording.Recorder;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.io.Sockets;

/**
 * Reports what happens to a tunnel: to the log, the listener of the server, its statistics and the flight recorder. On the tunnel's
 * loop, unless a method says otherwise.
 */
final class TunnelReporter {
    private final RelayServer server;
    private final ClientRequest request; // the first
    private final long number;
    private final int port;
    private final String name;
    private final Announcements announcements;
    private volatile ServedTunnel last; // with the client's latest address; written on the loop
    private volatile Instant since = Instant.now(); // established; written on the loop
    private boolean hasBegun;
    private long begunAt; // ns; once a connection has started

    /**
     * @param id the id with which the leases of the tunnel begin; empty if it has none
     * @param port the public port that the client asked for at first; 0 if it asked for none
     */
    TunnelReporter(RelayServer server, ClientRequest request, long number, String id, int port) {
        this.server = server;
        this.request = request;
        this.number = number;
        this.port = port;
        name = describe(id);
        last = shownTo(request);
        announcements = new Announcements(server.events(), last);
    }

    /** Returns the name for logs and recordings: number and port, then the client's name and the tunnel's id if it has them. */
    private String describe(String id) {
        StringJoiner names = new StringJoiner(", ", "tunnel " + number + " (", ")").setEmptyValue("tunnel " + number);
        if (port > 0) names.add("port " + port);
        String owner = request.name();
        if (owner != null) names.add(owner);
        if (!id.isEmpty()) names.add(id);
        return names.toString();
    }

    private ServedTunnel shownTo(ClientRequest from) {
        return new ServedTunnel(number, from.client(), port);
    }

    /** Returns the name of the tunnel for logs and recordings. From any thread. */
    String name() {
        return name;
    }

    /** Returns the events for the listener of the server. */
    Announcements announcements() {
        return announcements;
    }

    /** Returns a snapshot of its tunnel with the given numbers of its connections. From any thread. */
    OpenTunnel shown(ServerTunnel tunnel, int connections, long bytesIn, long bytesOut) {
        TunnelLifecycle lifecycle = tunnel.lifecycle();
        OpenTunnel.State state = OpenTunnel.State.SERVED;
        if (lifecycle.isLeaving() || tunnel.tenure().isFinishing() || lifecycle.isClosed()) {
            state = OpenTunnel.State.CLOSING;
        } else if (lifecycle.isHeld()) state = OpenTunnel.State.HELD;
        return new OpenTunnel(
                last,
                tunnel.id().isEmpty() ? null : tunnel.id(),
                tunnel.owner(),
                state,
                since,
                tunnel.endpoints().shown(),
                connections,
                tunnel.visitors().present(),
                tunnel.visitors().everPresent(),
                bytesIn,
                bytesOut);
    }

    /** The first connection starts. */
    void begun() {
        hasBegun = true;
        begunAt = System.nanoTime();
    }

    /** The client has answered for the first time. */
    void up(ServerTunnel tunnel, TunnelConnection connection) {
        established(tunnel);
        server.log().up("{}: up, client {}", name, connection);
        announcements.up();
    }

    /** The tunnel is one of the last process. */
    void restored(ServerTunnel tunnel) {
        begun();
        established(tunnel);
        announcements.up();
    }

    private void established(ServerTunnel tunnel) {
        since = Instant.now();
        server.tunnels().established(tunnel);
    }

    /** @param millis how long it is held */
    void held(String why, long millis) {
        server.log().held("{}: held for {} ms, {}", name, millis, why);
        announcements.held();
    }

    /** @param waiting number of visitors that wait */
    void resumed(ClientRequest from, int waiting) {
        server.log().held("{}: resumed by client {}, {} visitors waiting", name, from, waiting);
        last = shownTo(from);
        announcements.resumed(last);
    }

    /**
     * A visitor is reset because it was idle for the limit. Returns the failure to reset it with. On the loop of its connection.
     *
     * @param limit unit: nanoseconds
     */
    SocketTimeoutException idle(InetSocketAddress visitor, long limit) {
        String why = IdleTimer.why(limit);
        server.refused(Refusal.IDLE, visitor, "{}: visitor {} reset, {}", name, Sockets.text(visitor), why);
        return new SocketTimeoutException(why);
    }

    /** The client will not return. */
    void bye() {
        server.log().goneAway("{}: the client ends the tunnel", name);
    }

    /** @param visitors number of those that are still connected */
    void cutShort(int visitors) {
        server.log()
                .goneAway("{}: the last {} visitors are reset, too many closed tunnels have visitors", name, visitors);
    }

    void down(Cause cause, boolean established) {
        if (hasBegun) Recorder.tunnel(name, System.nanoTime() - begunAt, cause.message());
        announcements.down(loss(cause));
        if (established) server.log().down(cause.kind(), "{}: down, {}", name, cause.message());
        else server.log().neverUp(cause.kind(), "{}: down, client {}: {}", name, request, cause.message());
    }

    private static @Nullable Throwable loss(Cause cause) {
        if (cause.kind() == Cause.Kind.CLOSED_LOCALLY) return null;
        boolean clean = cause.kind() == Cause.Kind.CLOSED_BY_PEER;
        return new TunnelLostException("the tunnel was lost: " + cause.message(), clean, cause.error());
    }
}
