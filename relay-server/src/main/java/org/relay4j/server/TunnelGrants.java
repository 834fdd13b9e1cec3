package org.relay4j.server;

import java.io.IOException;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.control.ControlLine;
import org.relay4j.yamux.io.Loop;

/**
 * The connections that a tunnel grants: to its first client, and to those that come back with a lease. Keeps what the next process
 * must know about them. On the tunnel's loop, unless a method says otherwise.
 */
final class TunnelGrants {
    private static final int NUMBERS = 1_000; // of connections, kept for the next process at a time

    private final ServerTunnel tunnel;
    private final Tenure tenure;
    private final StateEntry entry;
    private int ever; // granted

    /** @param tunnel of which everything is assigned that is declared before its grants */
    TunnelGrants(ServerTunnel tunnel) {
        this.tunnel = tunnel;
        tenure = tunnel.tenure();
        entry = new StateEntry(tunnel, this::kept);
    }

    /** Returns the entry of the tunnel in the state for the next process. */
    StateEntry entry() {
        return entry;
    }

    /** Returns whether more than one connection was granted. */
    boolean areSeveral() {
        return ever > 1;
    }

    // ---- checks

    /** Returns whether a client may come back to the tunnel with this lease. */
    boolean accept(ClientRequest from, String secret) {
        boolean canResume = tenure.canBeHeld() || from.join() != null;
        // One that asks for a port that the tunnel has no more is to ask for another tunnel.
        boolean lacksPort = from.port() >= 0 && presentPort() == 0;
        boolean sameOwner = Objects.equals(from.name(), tunnel.owner());
        // The tunnels of a name that may share are on one loop: after a change of the policy the client needs a new
        // one.
        boolean sameSharing = from.resume() == null
                || from.limits().share() == tunnel.request().limits().share();
        return tunnel.isOpen() && canResume && !lacksPort && sameOwner && sameSharing && tenure.accepts(secret);
    }

    /** Returns whether the request of a returning client matches the tunnel. */
    boolean match(ClientRequest from) {
        boolean samePort = from.port() == 0 || Math.max(0, from.port()) == presentPort();
        return samePort && from.visitorAddress() == tunnel.visitorAddresses();
    }

    /** Returns whether one more connection, or one that replaces others, is within the limit. */
    boolean haveRoomFor(ClientRequest from) {
        return from.join() == null
                || tunnel.connections()
                        .haveRoom(from.instead(), tunnel.request().mostConnections());
    }

    /** Returns the port that the client asked for at first; 0 if it asked for none, or the tunnel has lost it. */
    private int presentPort() {
        return tunnel.endpoints().havePort() ? tunnel.port() : 0;
    }

    // ---- grants

    /** Grants a connection to a client. */
    TunnelGrant grant(Claim claim) {
        int connection = ++ever;
        String join = claim.request().join();
        int port = presentPort();
        ControlLine line = ControlLine.of("OK").with("port", port == 0 ? "none" : port);
        if (tunnel.visitorAddresses()) line = line.with("visitor-address");
        line = tenure.grant(line, connection, join);
        Cluster cluster = tunnel.server().cluster();
        if (cluster != null) line = line.with("node", cluster.name());
        if (claim.request().drain()) line = line.with("drain");
        // In a cluster the other connection may be that of another node, whose visitors this one does not have.
        if (!tunnel.id().isEmpty() && cluster == null) line = line.with("seen");
        return new TunnelGrant(tunnel, claim, connection, loopFor(claim, join), line);
    }

    /** The first connection lives on the tunnel's loop, an additional one on a loop that no other uses, if there is one. */
    private Loop loopFor(Claim claim, @Nullable String join) {
        Connections present = tunnel.connections();
        RelayServer server = tunnel.server();
        // In a cluster all are on one loop: there, a stream of another node is joined to one of the client.
        if (join == null || !present.takeVisitors() || server.cluster() != null) return tunnel.loop();
        return present.unusedLoop(claim.loop(), server.loops(), claim.request().instead());
    }

    /** Takes back the lease of a grant of which the client does not know. */
    void withdraw(TunnelGrant grant) {
        tenure.withdraw(grant.line().value("lease"));
        entry.update();
    }

    /** The client has answered on a connection: its lease is the one that counts from now on. */
    void confirmed(TunnelConnection connection) {
        tenure.confirmed(connection.number());
        entry.update();
    }

    // ---- the next process

    /** Calls {@code then} once the next process can find the tunnel, or with the failure; at once if it needs not. */
    void keep(Consumer<@Nullable IOException> then) {
        if (tunnel.isOpen()) entry.put(then);
        else then.accept(null);
    }

    private KeptTunnel kept() {
        return new KeptTunnel(
                tunnel.id(),
                presentPort(),
                tunnel.owner(),
                tunnel.request().client(),
                tunnel.visitorAddresses(),
                (ever / NUMBERS + 1) * NUMBERS,
                tenure.hashes(),
                tunnel.endpoints().others());
    }

    /** The last process had the tunnel. */
    void restore(KeptTunnel kept) {
        ever = kept.connections();
    }
}
