package org.relay4j.server.cluster;

import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.server.cluster.Carried.Holding;
import org.relay4j.server.registry.Entry;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.RegistryStore;
import org.relay4j.server.registry.RegistryUnavailableException;

/*
 * Two kinds of state with two lifetimes. A claim says which tunnel an endpoint belongs to: it is durable, unique and fenced, and lives
 * for minutes after its node has died, so that the client can come back for it. A route says that a node serves an endpoint now: it
 * vanishes with the node within seconds. Claims are read only by a node that wants one; routes are watched by all.
 *
 *   n/<node>               what the others need to know of a node           on the lease of its routes
 *   r/<endpoint>/<node>    tunnel, epoch, loop                              on the lease of its routes
 *   c/<endpoint>           tunnel, owner, node, epoch                       on the lease of its claims
 *   t/<tunnel>             endpoints, and what restores the tunnel          on the lease of its claims
 */
/**
 * A node of a cluster: claims endpoints for its tunnels, tells the other nodes which it serves, and knows what they serve.
 *
 * <p>Safe for use by several threads, and no method blocks. Stages complete, and the listener is called, on the executor of the node,
 * one after the other. The stages fail with a {@link RegistryException}: {@link EndpointTakenException}, {@link ClaimLostException} or
 * {@link RegistryUnavailableException}. Each completes within 20 seconds; usually a request that gets no answer fails after three.
 */
public final class ClusterNode implements AutoCloseable {
    // More than 300 lines because it is the whole interface of the package. What its methods do is in other classes.

    private static final long TICK = Duration.ofMillis(250).toNanos();

    private final Access access;
    private final ClusterListener listener;
    private final Presence presence;
    private final View view;
    private final Watching watching;
    private final Sync sync;
    private final Ghosts ghosts;
    private final Strays strays;
    private final Vacancies vacancies;
    private final Parts parts;
    private final Map<LossReason, Long> lost = new EnumMap<>(LossReason.class);
    private final Joining joining;
    private final Leaving leaving;
    private volatile List<NodeInfo> nodes = List.of();
    private volatile ClusterStatus status;
    private Runnable cancelTick = () -> {};
    private boolean stopped;

    /** The store is not closed with the node. */
    public ClusterNode(ClusterSettings settings, RegistryStore store, ClusterTime time, ClusterListener listener) {
        this.listener = listener;
        access = new Access(store, time, settings);
        Signals signals = new Signals();
        presence = new Presence(access, signals);
        view = new View(access, signals);
        Writer writer = new Writer(access, presence);
        sync = new Sync(access, presence, writer, new Repair(access, presence, view), signals);
        watching = new Watching(access, presence, view, this::wentBack);
        ghosts = new Ghosts(access, view, sync);
        strays = new Strays(access, presence, view, sync, ghosts);
        vacancies = new Vacancies(access, listener::free);
        parts = new Parts(access, presence, writer, view, sync);
        joining = new Joining(access, presence, watching);
        status = newStatus();
        leaving = new Leaving(access, presence, sync, this::stop);
    }

    // ---- the node

    /**
     * Joins the cluster: completes when the node is registered and knows all nodes and routes. May be called once.
     *
     * @return fails with a {@link RegistryException} whose message names the problem, for example that another live node has this name.
     *     The node is to be closed then.
     */
    public CompletionStage<Void> join() {
        access.time().execute(() -> {
            joining.start();
            tick();
        });
        return joining.result();
    }

    /** Tells the other nodes that this one is about to leave: they prefer others for new visitors. */
    public CompletionStage<Void> drain() {
        CompletableFuture<Void> result = new CompletableFuture<>();
        access.time().execute(() -> presence.drain(() -> result.complete(null), result::completeExceptionally));
        return result;
    }

    /**
     * Leaves the cluster. Claims of tunnels with a lease stay for ten minutes, so that their clients can resume them at other nodes.
     *
     * @return completes within five seconds, also if the registry does not answer
     */
    public CompletionStage<Void> leave() {
        access.time().execute(leaving::start);
        return leaving.result();
    }

    /** Begins to {@link #leave}, and does not wait. */
    @Override
    public void close() {
        var unused = leave();
    }

    private void stop() {
        stopped = true;
        cancelTick.run();
        watching.close();
        presence.close();
        access.requests().close();
    }

    private void tick() {
        if (stopped) return;
        cancelTick = access.time().schedule(TICK, this::tick);
        access.requests().tick();
        presence.tick();
        joining.tick();
        watching.tick();
        view.tick(presence.state() == RegistryState.CONNECTED && !watching.isBlind());
        sync.tick();
        ghosts.tick();
        strays.tick();
        vacancies.tick();
        leaving.tick();
        status = newStatus();
    }

    private void wentBack() {
        presence.suspect();
        sync.checkAll();
        strays.wentBack();
        vacancies.clear(); // a claim may be missing only because its node has not put it again yet
    }

    // ---- claims

    /**
     * Claims an endpoint for a tunnel that this node carries; with the first one, the tunnel is stored.
     *
     * @param tunnel its text counts with its first endpoint only; {@link #update} changes it
     * @param fixed whether the endpoint can be given to this client only, so that it is served even while the registry cannot be reached
     * @return fails with an {@link EndpointTakenException} if the endpoint belongs to another tunnel
     */
    public CompletionStage<Void> claim(TunnelRecord tunnel, Endpoint endpoint, boolean fixed) {
        return claim(new ClaimAttempt.Request(tunnel, endpoint, fixed, null));
    }

    /**
     * Takes an endpoint from a tunnel of the same client, whose node was asked and does not answer.
     *
     * @param seen what {@link #claim} has failed with
     * @return fails with an {@link EndpointTakenException} if the endpoint belongs to yet another tunnel, or its claim has changed
     */
    public CompletionStage<Void> displace(TunnelRecord tunnel, EndpointTakenException seen, boolean fixed) {
        return claim(new ClaimAttempt.Request(tunnel, seen.endpoint(), fixed, seen.holder()));
    }

    private CompletionStage<Void> claim(ClaimAttempt.Request request) {
        TunnelRecord unused = request.tunnel().with(request.endpoint()); // fails at once if it cannot be stored
        String id = request.tunnel().id();
        return onExecutor(result -> {
            Carried asked = sync.find(id);
            turn(id, result, turn -> new ClaimAttempt(parts, request, turn).begin(asked));
        });
    }

    /** Looks up a tunnel. */
    public CompletionStage<Optional<TunnelRecord>> find(String id) {
        String key = access.keys().tunnel(id);
        return onExecutor(result -> access.requests()
                .send(
                        () -> access.store().read(List.of(key)),
                        seen -> {
                            Entry entry = seen.find(key);
                            result.complete(Optional.ofNullable(entry == null ? null : RecordText.parse(id, entry)));
                        },
                        result::completeExceptionally));
    }

    /**
     * Makes this node carry a tunnel alone. Its other nodes lose it.
     *
     * @param seen what {@link #find} has returned
     * @param text its new text
     * @return the tunnel with the endpoints that still are its own; fails with a {@link ClaimLostException} if it has changed
     */
    public CompletionStage<TunnelRecord> take(TunnelRecord seen, String text) {
        return take(new TakeAttempt.Request(seen, text, true));
    }

    /** Makes this node carry a tunnel together with other nodes. Otherwise like {@link #take}. */
    public CompletionStage<TunnelRecord> share(TunnelRecord seen, String text) {
        return take(new TakeAttempt.Request(seen, text, false));
    }

    private CompletionStage<TunnelRecord> take(TakeAttempt.Request request) {
        TunnelRecord unused = request.seen().text(request.text()); // fails at once if it cannot be stored
        return turn(request.seen().id(), result -> new TakeAttempt(parts, ghosts, request, result).begin());
    }

    /**
     * Changes the text of a tunnel that this node carries.
     *
     * @param change is applied to the text that the registry has; again, if another node has changed it meanwhile. So it should add and
     *     remove what has changed, rather than return what the caller knows. Called on the executor of the node; must not block.
     * @return the new text; fails with a {@link ClaimLostException} if the node does not carry the tunnel
     */
    public CompletionStage<String> update(String id, UnaryOperator<String> change) {
        return turn(id, result -> {
            Carried tunnel = sync.find(id);
            if (tunnel == null || tunnel.isLeaving()) {
                result.completeExceptionally(new ClaimLostException("this node does not carry the tunnel"));
            } else {
                new UpdateAttempt(parts, tunnel, change, result).begin();
            }
        });
    }

    private <T> CompletionStage<T> turn(String tunnel, Consumer<CompletableFuture<T>> operation) {
        return onExecutor(result -> turn(tunnel, result, operation));
    }

    private <T> void turn(String tunnel, CompletableFuture<T> result, Consumer<CompletableFuture<T>> operation) {
        if (leaving.isStarted()) {
            result.completeExceptionally(Parts.unavailable("the node is leaving the cluster"));
            return;
        }
        CompletableFuture<T> turn = parts.turn(tunnel, operation);
        var unused = turn.whenComplete((value, failure) -> {
            if (failure == null) result.complete(value);
            else result.completeExceptionally(failure);
        });
    }

    private <T> CompletionStage<T> onExecutor(Consumer<CompletableFuture<T>> operation) {
        CompletableFuture<T> result = new CompletableFuture<>();
        access.time().execute(() -> operation.accept(result));
        return result;
    }

    // ---- routes

    /**
     * The node serves an endpoint of a tunnel from now on. If the tunnel was without a client meanwhile, {@link #update} must have stored
     * the lease that its client gets now: it fails if the client has been at another node, or if that cannot be known.
     *
     * @param loop the event loop that has the tunnel
     */
    public void serve(String id, Endpoint endpoint, int loop) {
        change(id, endpoint, holding -> holding.loop = loop);
    }

    /** The node no longer serves an endpoint; the claim stays. */
    public void unserve(String id, Endpoint endpoint) {
        change(id, endpoint, holding -> holding.loop = -1);
    }

    /** The tunnel no longer has an endpoint, at any node. */
    public void release(String id, Endpoint endpoint) {
        change(id, endpoint, holding -> holding.ended = true);
    }

    private void change(String id, Endpoint endpoint, Consumer<Holding> change) {
        access.time().execute(() -> {
            Carried tunnel = sync.find(id);
            if (tunnel == null) return;
            Holding holding = tunnel.find(endpoint);
            if (holding == null || holding.ended) return;
            change.accept(holding);
            sync.mark(tunnel);
        });
    }

    /** This node no longer carries a tunnel. If no other one does, its endpoints are free; if others end it, too, a second later. */
    public void release(String id) {
        end(id, Carried::leave);
    }

    /**
     * This node no longer carries a tunnel, because others serve it. If they have left it to this node at the same time, its endpoints
     * stay claimed for as long as its client may come back.
     */
    public void leaveToOthers(String id) {
        end(id, Carried::leaveToOthers);
    }

    private void end(String id, Consumer<Carried> how) {
        access.time().execute(() -> {
            Carried tunnel = sync.find(id);
            if (tunnel == null) return;
            how.accept(tunnel);
            sync.mark(tunnel);
        });
    }

    /** Returns the routes of other nodes for an endpoint, those first that should be tried first. Takes no lock. */
    public List<Route> routes(Endpoint endpoint) {
        return view.routes(endpoint);
    }

    /**
     * Returns whether a visitor of an endpoint may be joined to a tunnel of this node. To be asked for each visitor. Takes no lock.
     *
     * @param now the time of {@link ClusterTime#nanoTime}
     */
    public boolean mayServe(String id, Endpoint endpoint, long now) {
        Carried tunnel = sync.find(id);
        Holding holding = tunnel == null || tunnel.isLeaving() ? null : tunnel.find(endpoint);
        return holding != null && !holding.ended && (holding.fixed || holding.fence.allows(now));
    }

    /** Returns the epoch of this node's claim; 0 if it does not have the endpoint for this tunnel. Takes no lock. */
    public long epoch(String id, Endpoint endpoint) {
        Carried tunnel = sync.find(id);
        Holding holding = tunnel == null || tunnel.isLeaving() ? null : tunnel.find(endpoint);
        return holding == null || holding.ended ? 0 : holding.epoch;
    }

    /** Returns whether this node carries a tunnel as it is stored: no other node has taken it since. Takes no lock. */
    public boolean carries(TunnelRecord seen) {
        Carried tunnel = sync.find(seen.id());
        return tunnel != null
                && !tunnel.isLeaving()
                && tunnel.epoch == seen.stored().epoch();
    }

    /** A node has answered on a link. */
    public void peerAlive(String node, long now) {
        access.time().execute(() -> view.peerAlive(node, now));
    }

    /** A node does not answer on its links. */
    public void peerDead(String node) {
        access.time().execute(() -> view.peerDead(node));
    }

    // ---- what there is to see

    /** Returns the other nodes. */
    public List<NodeInfo> nodes() {
        return nodes;
    }

    /** Returns whether the node can reach the registry. */
    public RegistryState state() {
        return presence.state();
    }

    /** Returns what the node knew a quarter of a second ago or later. */
    public ClusterStatus status() {
        return status;
    }

    /** Returns the routes of all nodes, this one included. */
    public CompletionStage<Map<Endpoint, List<Route>>> everyRoute() {
        return onExecutor(result -> result.complete(view.table().every()));
    }

    private ClusterStatus newStatus() {
        int endpoints = 0;
        for (Carried each : sync.all()) endpoints += each.size();
        ClusterStatus.Work work = new ClusterStatus.Work(
                sync.all().size(),
                endpoints,
                Map.copyOf(lost),
                sync.unsettled(),
                access.requests().underWay(),
                access.requests().waiting());
        return new ClusterStatus(
                presence.info(), presence.state(), watching.lag(), nodes, view.counts(), work, view.gaps());
    }

    /** What the parts of the node report. */
    private final class Signals implements Presence.Events, View.Events, Sync.Events {
        @Override
        public void registered() {
            joining.proceed();
            sync.checkAll();
        }

        @Override
        public void claimLease() {
            joining.proceed();
            sync.checkAll();
        }

        @Override
        public void foreign(NodeInfo other) {
            if (joining.result().isDone()) sync.abandon();
            else joining.foreign(other);
        }

        @Override
        public void problem(String what) {
            listener.problem(what);
        }

        @Override
        public void damaged(Entry entry) {
            listener.problem("the entry of this node, " + entry.key() + ", is damaged; it is replaced");
        }

        @Override
        public void state(RegistryState now) {
            listener.state(now);
            sync.pump();
        }

        @Override
        public void self(@Nullable Entry entry) {
            presence.watched(entry);
        }

        @Override
        public void route(Endpoint endpoint, String node, @Nullable Route now, long revision, boolean left) {
            sync.routeChanged(endpoint, node, now, revision, left);
        }

        @Override
        public void routes(Endpoint endpoint, List<Route> now) {
            if (now.isEmpty()) vacancies.add(endpoint);
            else vacancies.remove(endpoint);
            listener.routes(endpoint, now);
        }

        @Override
        public void node(NodeInfo node) {
            nodes = view.nodes();
            listener.node(node);
        }

        @Override
        public void nodeGone(String name) {
            nodes = view.nodes();
            listener.nodeGone(name);
        }

        @Override
        public void unregistered() {
            sync.orphaned();
        }

        @Override
        public void lost(Carried tunnel, @Nullable Holding holding, LossReason why) {
            lost.merge(why, 1L, Long::sum);
            listener.lost(tunnel.id, holding == null ? null : holding.endpoint, why.text());
        }

        @Override
        public void leftToOthers(Carried tunnel) {
            List<Endpoint> endpoints =
                    tunnel.holdings().stream().map(each -> each.endpoint).toList();
            Set<String> sharers = view.table().carriers(endpoints, tunnel.id);
            sharers.addAll(tunnel.sharers());
            if (tunnel.isLeft()) ghosts.add(tunnel.id, endpoints, sharers);
            else ghosts.addEnded(tunnel.id, endpoints, sharers);
        }
    }
}
