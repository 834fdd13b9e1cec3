package org.relay4j.server;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.control.ControlLine;
import org.relay4j.api.recording.Recorder;
import org.relay4j.yamux.io.Loop;

/**
 * The state that a tunnel keeps while no connection serves it: its place within the limits and, with a lease, the time for which
 * it is held. On the tunnel's loop.
 */
final class Tenure {
    private final Admission admission;
    private final @Nullable Lease lease;
    private Places.@Nullable Place place; // null after it was released or passed on
    private volatile boolean finishing; // written on the loop
    private Loop.@Nullable Timer expiry; // while held
    private long heldSince; // ns; while held
    private String holder = ""; // the tunnel, while held; else empty

    Tenure(Admission admission, @Nullable Lease lease, Places.Place place) {
        this.admission = admission;
        this.lease = lease;
        this.place = place;
    }

    /** Returns the tenure of a new tunnel, with a lease if its client requests one. */
    static Tenure of(RelayServer server, ClientRequest request, Places.Place place) {
        Lease lease = request.leased()
                ? new Lease(server.random(), server.options().lease().toNanos())
                : null;
        return new Tenure(server.admission(), lease, place);
    }

    /** Returns the id of the tunnel, with which its leases begin; empty if it has none. */
    String id() {
        return lease == null ? "" : lease.tunnel();
    }

    /** Adds the words about a new connection, if the tunnel has leases: a new lease, unless it joins with one. */
    ControlLine grant(ControlLine line, int connection, @Nullable String join) {
        if (lease == null) return line;
        if (join != null) {
            lease.joined(connection, join);
            return line.with("connection", connection);
        }
        long seconds = (lease.time() + 999_999_999) / 1_000_000_000;
        return line.with("lease", lease.grant(connection)).with("ttl", seconds).with("connection", connection);
    }

    /** Returns whether the lease of a returning client is valid. */
    boolean accepts(String secret) {
        return lease != null && lease.accepts(secret) && !lease.isExpired(System.nanoTime());
    }

    /** Called when the client has answered on a connection. */
    void confirmed(int connection) {
        if (lease != null) lease.confirmed(connection);
    }

    /** Takes back the lease of a connection whose client has not learned it. */
    void withdraw(@Nullable String secret) {
        if (lease != null && secret != null) lease.withdraw(secret);
    }

    /** Makes those leases valid whose hashes these are, the oldest first, and no others. */
    void learn(List<String> hashes) {
        if (lease != null) lease.learn(hashes);
    }

    /** Returns the hashes of the valid leases, the oldest first. */
    List<String> hashes() {
        return lease == null ? List.of() : lease.hashes();
    }

    boolean canBeHeld() {
        return lease != null && lease.time() > 0;
    }

    /** Returns how long the tunnel is held; 0 if it is not. Unit: milliseconds. */
    long holdMillis() {
        return lease == null ? 0 : lease.time() / 1_000_000;
    }

    /** Called when no connection accepts visitors any more: the hold time starts. */
    void hold(ServerTunnel tunnel) {
        if (lease == null || place == null) return;
        heldSince = System.nanoTime();
        holder = tunnel.toString();
        lease.hold(heldSince);
        expiry = tunnel.loop().schedule(lease.time(), tunnel::expire);
        admission.hold(place, () -> tunnel.loop().execute(tunnel::giveWay));
    }

    /** Called when a connection accepts visitors. Returns false if another tunnel has displaced this one. */
    boolean serve() {
        if (place == null || !admission.serve(place)) return false;
        if (lease != null) lease.serve();
        stop("resumed");
        return true;
    }

    /** Called when the port was given back and visitors are still connected. Another tunnel may have the place. */
    void finish(ServerTunnel tunnel) {
        if (finishing || place == null) return;
        finishing = true;
        admission.finish(place, () -> tunnel.loop().execute(tunnel.ending()::cutShort));
    }

    /** Returns whether the port was given back and the last visitors are finishing. From any thread. */
    boolean isFinishing() {
        return finishing;
    }

    /** Releases the place. Later calls have no effect. */
    void leave(String why) {
        stop(why);
        if (place != null) admission.leave(place);
        place = null;
    }

    /** Passes the place to another tunnel; returns null if it was already released. */
    Places.@Nullable Place surrender() {
        Places.Place passed = place;
        place = null;
        return passed;
    }

    private void stop(String outcome) {
        if (expiry != null) expiry.cancel();
        expiry = null;
        if (!holder.isEmpty()) Recorder.held(holder, System.nanoTime() - heldSince, outcome);
        holder = "";
    }
}
