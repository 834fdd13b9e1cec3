package org.relay4j.server;

import java.io.IOException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;

/**
 * The entry of one tunnel in the state for the next process, or for other nodes of a cluster. Without a state file or cluster it does
 * nothing. On the tunnel's loop.
 */
final class StateEntry {
    private final RelayServer server;
    private final Tenure tenure;
    private final Supplier<KeptTunnel> present;
    private final @Nullable TunnelClaims claims; // null without a cluster
    private int unwritten; // grants that wait for the disk

    /** @param present returns what the next process needs to know now */
    StateEntry(ServerTunnel tunnel, Supplier<KeptTunnel> present) {
        server = tunnel.server();
        tenure = tunnel.tenure();
        this.present = present;
        Cluster cluster = server.cluster();
        claims = cluster == null ? null : new TunnelClaims(cluster, tunnel);
    }

    /** Returns what the cluster knows of the tunnel; null without a cluster. */
    @Nullable
    TunnelClaims claims() {
        return claims;
    }

    private String text() {
        return tenure.hashes().isEmpty() ? "" : present.get().line().toString();
    }

    /** Calls {@code then} once the next process can find the present state, or with the failure; at once if it needs not. */
    void put(Consumer<@Nullable IOException> then) {
        StateWriter state = server.state();
        if (claims != null) claims.put(text(), then);
        else if (state != null && tenure.canBeHeld()) state.put(present.get(), then);
        else then.accept(null);
    }

    /** Counts a grant that waits for {@link #put}. */
    void grantWaits() {
        unwritten++;
    }

    /** The grant does not wait any more. */
    void grantWaitsNoLonger() {
        unwritten--;
    }

    /** Returns true while a grant waits for the disk. Another one would displace a lease that the client has. */
    boolean isGrantWaiting() {
        return unwritten > 0;
    }

    /** The leases or endpoints have changed. Nobody waits for that to be written. */
    void update() {
        if (claims != null) claims.update(text());
        StateWriter state = server.state();
        if (state == null || !tenure.canBeHeld()) return;
        if (tenure.hashes().isEmpty()) remove();
        else state.update(present.get());
    }

    /** The next process is not to have the tunnel. */
    void remove() {
        StateWriter state = server.state();
        if (claims != null) claims.release();
        if (state != null) state.remove(tenure.id());
    }

    /** The tunnel ends here. The next process has it if the server shuts down. */
    void end() {
        if (claims != null) claims.end();
        if (!server.isClosing()) remove();
    }

    /** The client that has an endpoint at another node does not answer: its claim with this epoch may be displaced. */
    void silent(Endpoint endpoint, long epoch) {
        if (claims != null) claims.silent(endpoint, epoch);
    }

    /** Another node that has the tunnel, too, has granted leases or withdrawn some: this node accepts the same. */
    void learn(String present) {
        if (claims != null) claims.learn(present, text());
    }

    /** What becomes of visitors may have changed. */
    void refresh() {
        if (claims != null) claims.refresh();
    }

    /** The tunnel has given an endpoint up. */
    void removed(Endpoint endpoint) {
        if (claims != null) claims.removed(endpoint);
    }

    /** Another node of the cluster serves an endpoint of the tunnel: this node does, too. */
    void join(Endpoint endpoint) {
        if (claims != null) claims.join(endpoint);
    }

    /** Returns whether another node of the cluster has the tunnel now. */
    boolean isLost() {
        return claims != null && claims.isLost();
    }

    /** Returns whether another node of the cluster serves the tunnel with this endpoint. */
    boolean isElsewhere(Endpoint endpoint) {
        return claims != null && claims.isElsewhere(endpoint);
    }

    /** Returns whether another node of the cluster serves the tunnel. */
    boolean isElsewhere() {
        return claims != null && claims.isElsewhere();
    }
}
