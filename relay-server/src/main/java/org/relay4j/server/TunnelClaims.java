package org.relay4j.server;

import java.io.IOException;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.server.cluster.ClusterNode;
import org.relay4j.server.cluster.EndpointTakenException;
import org.relay4j.server.cluster.Route;
import org.relay4j.server.cluster.TunnelRecord;
import org.relay4j.yamux.io.Loop;

/**
 * What the cluster knows of one tunnel of this node: its record, its claims of endpoints, and its routes, which exist while it is
 * served. On the tunnel's loop.
 */
final class TunnelClaims {
    // More than 300 lines because claims, text and routes of one tunnel depend on each other.

    /** The longest wait for the store; a client waits for its answer no longer than {@link Gate#DECISION}. Unit: nanoseconds. */
    static final long PATIENCE = TimeUnit.MILLISECONDS.toNanos(2_500);

    private final Cluster cluster;
    private final ClusterNode node;
    private final ServerTunnel tunnel;
    private final String id;
    private final Set<Endpoint> claimed = new HashSet<>();
    private final Set<Endpoint> claiming = new HashSet<>(0); // the node was asked
    private final Set<Endpoint> served = new HashSet<>(); // with a route
    private final Set<Endpoint> joined = new HashSet<>(0); // which another node has, too; not claimed yet
    private final Map<Endpoint, Long> silent = new ConcurrentHashMap<>(2); // epochs of claims that may be displaced
    private String stored = ""; // the text of the record, without changes by other nodes
    private @Nullable String unsure; // the text before the first change that may not be stored; null if all are
    private volatile boolean over; // released, or lost to another node
    private boolean lost;

    TunnelClaims(Cluster cluster, ServerTunnel tunnel) {
        this.cluster = cluster;
        this.tunnel = tunnel;
        id = tunnel.id().isEmpty() ? Lease.newId(tunnel.server().random()) : tunnel.id();
        node = cluster.node();
    }

    String id() {
        return id;
    }

    /** Returns whether this node no longer has the tunnel: it has ended, or another node has it. */
    boolean isOver() {
        return over;
    }

    /** Returns the epoch of the claim of an endpoint; 0 if this node does not have it. From any thread. */
    long epoch(Endpoint endpoint) {
        return node.epoch(id, endpoint);
    }

    /** Returns whether no other tunnel can have the endpoint now, or this tunnel has ended and accepts its last visitors. From any thread. */
    boolean mayServe(Endpoint endpoint) {
        return over || node.mayServe(id, endpoint, System.nanoTime());
    }

    /** Returns whether another node has taken the tunnel. */
    boolean isLost() {
        return lost;
    }

    // ---- claims

    /**
     * This node has taken over the tunnel, or shares it, with these endpoints.
     *
     * @param shares whether other nodes keep those endpoints that this one does not have
     */
    void restored(TunnelRecord record, boolean shares) {
        claimed.addAll(record.endpoints());
        stored = record.text();
        for (Endpoint each : record.endpoints()) {
            if (tunnel.endpoints().find(each) != null) settle(each);
            else if (shares) claimed.remove(each);
            else removed(each);
        }
    }

    /**
     * Claims those endpoints of the tunnel that it has not claimed, and stores its record.
     *
     * @param text what the next node needs to know
     * @param then called on the tunnel's loop, with the failure if there was one
     */
    void put(String text, Consumer<@Nullable IOException> then) {
        if (over) then.accept(new IOException("the tunnel has ended"));
        else claim(text, missing().iterator(), then);
    }

    private List<Endpoint> missing() {
        return tunnel.endpoints().all().stream()
                .filter(each -> !(each instanceof SharedEndpoint))
                .map(PublicEndpoint::endpoint)
                .filter(each -> !claimed.contains(each) && !claiming.contains(each))
                .toList();
    }

    private void claim(String text, Iterator<Endpoint> missing, Consumer<@Nullable IOException> then) {
        if (!missing.hasNext()) {
            refresh();
            store(text, then);
            return;
        }
        Endpoint next = missing.next();
        TunnelRecord record = TunnelRecord.of(id, tunnel.owner(), !tunnel.id().isEmpty(), text);
        boolean fixed = cluster.isFixed(tunnel, next);
        claiming.add(next);
        Attempt attempt = new Attempt(failure -> {
            claiming.remove(next);
            if (failure != null) then.accept(failure);
            else claim(text, missing, then);
        });
        Loop loop = loop();
        attempt.joined = joined.contains(next);
        attempt.timer = loop.schedule(PATIENCE, () -> attempt.end(late()));
        node.claim(record, next, fixed).whenComplete((ok, failure) -> {
            Throwable cause = failure == null ? null : ClaimException.cause(failure);
            if (cause instanceof EndpointTakenException taken && mayDisplace(taken)) {
                node.displace(record, taken, fixed)
                        .whenComplete((done, why) -> loop.execute(() -> claimed(next, text, attempt, why)));
            } else loop.execute(() -> claimed(next, text, attempt, failure));
        });
    }

    /** The client of the tunnel with this claim of an endpoint does not answer at any node. */
    void silent(Endpoint endpoint, long epoch) {
        silent.put(endpoint, epoch);
    }

    /** A tunnel of the same name that no node serves has no client: it was lost with its node, or is held. Or its client is silent. */
    private boolean mayDisplace(EndpointTakenException taken) {
        String owner = tunnel.owner();
        boolean isOwn = owner != null
                && owner.equals(taken.holder().owner())
                && !taken.holder().tunnel().equals(id);
        boolean isSilent = Long.valueOf(taken.holder().epoch()).equals(silent.get(taken.endpoint()));
        return isOwn && (isSilent || node.routes(taken.endpoint()).isEmpty());
    }

    private void settle(Endpoint endpoint) {
        if (tunnel.endpoints().find(endpoint) instanceof QueuedEndpoint own) own.claimed();
    }

    private Loop loop() {
        return tunnel.loop();
    }

    private static ClaimException late() {
        long millis = TimeUnit.NANOSECONDS.toMillis(PATIENCE);
        return ClaimException.unavailable(new IOException("no answer within " + millis + " ms"));
    }

    private void claimed(Endpoint endpoint, String text, Attempt attempt, @Nullable Throwable failure) {
        boolean wanted = !over && !attempt.over && tunnel.endpoints().find(endpoint) != null;
        // The client was answered, or has gone. At its first claim, the node did not have the tunnel when that ended.
        if (failure == null && over && claimed.isEmpty()) node.release(id);
        else if (failure == null && !wanted && !attempt.joined) node.release(id, endpoint);
        if (failure == null && wanted) {
            if (claimed.isEmpty()) stored = text; // it counts with the first one only
            claimed.add(endpoint);
            joined.remove(endpoint);
            settle(endpoint);
            loop().execute(tunnel::resume); // visitors may have come meanwhile
        }
        if (failure != null) attempt.end(failed(endpoint, failure));
        else attempt.end(wanted ? null : new IOException("the tunnel has ended"));
    }

    /**
     * Stores a new text. Without the store a tunnel that is served goes on: its client has a new lease that only this node knows, and
     * the one before, which all know. One that is held does not: its client may have been at another node meanwhile, and another client
     * may have its endpoints.
     */
    private void store(String text, Consumer<@Nullable IOException> then) {
        boolean held = tunnel.lifecycle().isHeld();
        boolean known = text.equals(stored) && unsure == null && !held;
        if (claimed.isEmpty() || known) {
            then.accept(null);
            return;
        }
        String before = unsure == null ? stored : unsure;
        stored = text;
        Loop loop = loop();
        Attempt attempt = new Attempt(failure -> {
            if (failure == null && before.equals(unsure)) unsure = null;
            if (failure != null) {
                if (unsure == null) unsure = before;
                cluster.failed("cannot store the leases of tunnel " + id, failure);
            }
            if (over) then.accept(new IOException("another node has the tunnel"));
            else then.accept(failure != null && held ? ClaimException.unavailable(failure) : null);
        });
        attempt.timer = loop.schedule(PATIENCE, () -> attempt.end(late()));
        node.update(id, present -> KeptTunnel.merge(present, before, text))
                .whenComplete((ok, failure) -> loop.execute(() -> attempt.end(
                        failure == null
                                ? null
                                : new IOException(ClaimException.cause(failure).getMessage(), failure))));
    }

    /**
     * Takes over the leases that other nodes have granted since, and drops those that they have withdrawn.
     *
     * @param present the text that the store has
     * @param own the text as this node would store it
     */
    void learn(String present, String own) {
        if (over) return;
        String merged = KeptTunnel.merge(present, unsure == null ? stored : unsure, own);
        tunnel.tenure().learn(KeptTunnel.parse(merged).leases());
        if (unsure == null) stored = merged;
    }

    /** The leases or endpoints have changed. Nobody waits for that to be stored. */
    void update(String text) {
        // One that no connection serves yet is about to be put, or to end.
        if (over || tunnel.lifecycle().isClaimed()) return;
        put(text, failure -> {
            if (failure == null) return;
            cluster.failed("cannot claim all endpoints of tunnel " + id, failure);
            giveJoinedBack();
        });
    }

    /** Gives joined endpoints back that could not be claimed: their visitors would wait here, but the other node serves them. */
    private void giveJoinedBack() {
        for (Endpoint each : missing()) {
            PublicEndpoint found = joined.remove(each) ? tunnel.endpoints().find(each) : null;
            if (found != null) tunnel.endpoints().giveBack(found);
        }
    }

    /** One claim that waits for its answer. */
    private static final class Attempt {
        private final Consumer<@Nullable IOException> then;
        private Loop.@Nullable Timer timer;
        private boolean joined; // another node has the endpoint, too
        private boolean over;

        private Attempt(Consumer<@Nullable IOException> then) {
            this.then = then;
        }

        private void end(@Nullable IOException failure) {
            if (over) return;
            over = true;
            if (timer != null) timer.cancel();
            then.accept(failure);
        }
    }

    private ClaimException failed(Endpoint endpoint, Throwable failure) {
        Throwable cause = ClaimException.cause(failure);
        if (!(cause instanceof EndpointTakenException taken)) {
            cluster.failed("cannot claim " + endpoint, cause); // the client is not told more than that it is so
            return ClaimException.unavailable(cause);
        }
        cluster.counts().refused();
        String holder = taken.holder().node();
        if (holder.isEmpty()) {
            cluster.failed("cannot claim " + endpoint, cause);
            return ClaimException.taken("the claim of " + endpoint + " in the store of the cluster is damaged", cause);
        }
        String where = holder.equals(cluster.name()) ? "this node" : "node " + holder;
        return ClaimException.taken("another tunnel has " + endpoint + ", at " + where, cause);
    }

    /** Another node serves an endpoint of the tunnel, which its client has opened there: this node serves it, too. */
    void join(Endpoint endpoint) {
        if (over || endpoint.kind() == Endpoint.Kind.UDP || tunnel.endpoints().find(endpoint) != null) return;
        if (tunnel.endpoints().size() >= tunnel.request().mostEndpoints()) return;
        if (Restoration.refusal(tunnel.server(), tunnel.request().limits(), endpoint) != null) return;
        cluster.routed().take(endpoint, tunnel.loop(), taken -> {
            if (taken == null) return; // it could not be opened here
            if (over || !tunnel.isOpen()) {
                taken.close(null);
                return;
            }
            try {
                tunnel.endpoints().add(taken);
                joined.add(endpoint);
                tunnel.entry().update();
            } catch (IOException e) {
                cluster.failed("cannot serve " + endpoint + " here, too", e);
            }
        });
    }

    // ---- routes

    /** Makes the routes those of the endpoints that are served now. */
    void refresh() {
        if (over) return;
        for (PublicEndpoint each : tunnel.endpoints().all()) {
            Endpoint endpoint = each.endpoint();
            VisitorQueue visitors = each.queue();
            if (each instanceof SharedEndpoint || visitors == null || !claimed.contains(endpoint)) continue;
            if (visitors.isHeld() || visitors.isWithdrawn()) unserve(endpoint);
            else if (served.add(endpoint)) node.serve(id, endpoint, cluster.number(tunnel.loop()));
        }
    }

    private void unserve(Endpoint endpoint) {
        if (served.remove(endpoint)) node.unserve(id, endpoint);
    }

    // ---- the end

    /** The tunnel has lost an endpoint. While the server shuts down, its client may return to it at another node. */
    void removed(Endpoint endpoint) {
        if (!claimed.contains(endpoint) || over) return;
        unserve(endpoint);
        if (isLeft()) return;
        claimed.remove(endpoint);
        node.release(id, endpoint);
    }

    private boolean isLeft() {
        return tunnel.server().isClosing() && tunnel.tenure().canBeHeld();
    }

    /** The tunnel ends. While the server shuts down, its client may return to it at another node. */
    void end() {
        if (over) return;
        boolean elsewhere = isElsewhere();
        if (isLeft() && !elsewhere) for (Endpoint each : List.copyOf(served)) unserve(each);
        else if (elsewhere && tunnel.tenure().canBeHeld()) leaveToOthers();
        else release();
    }

    /** The client is at another node, or was until just now: it may come back to any node. */
    private void leaveToOthers() {
        over = true;
        cluster.leave(this, tunnel);
        node.leaveToOthers(id);
    }

    /** Returns whether another node serves the tunnel. */
    boolean isElsewhere() {
        for (Endpoint each : claimed) if (isElsewhere(each)) return true;
        return false;
    }

    /** Returns whether another node serves the tunnel with this endpoint. */
    boolean isElsewhere(Endpoint endpoint) {
        for (Route route : node.routes(endpoint)) if (route.tunnel().equals(id)) return true;
        return false;
    }

    /** The tunnel ends for good. */
    void release() {
        if (over) return;
        over = true;
        cluster.leave(this, tunnel);
        node.release(id);
    }

    /** Another node has the tunnel. */
    void lost() {
        over = true;
        lost = true;
        cluster.leave(this, tunnel);
    }

    /** Another node has one endpoint. */
    void lost(Endpoint endpoint) {
        claimed.remove(endpoint);
        served.remove(endpoint);
    }
}
