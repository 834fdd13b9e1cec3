package org.relay4j.server;

import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.server.cluster.ClusterListener;
import org.relay4j.server.cluster.ClusterNode;
import org.relay4j.server.cluster.ClusterSettings;
import org.relay4j.server.cluster.NodeInfo;
import org.relay4j.server.cluster.RegistryState;
import org.relay4j.server.cluster.Route;
import org.relay4j.server.peer.PeerLinks;
import org.relay4j.server.peer.PeerPort;
import org.relay4j.server.peer.PeerSettings;
import org.relay4j.server.peer.PeerTls;
import org.relay4j.server.peer.PeerWatcher;
import org.relay4j.server.registry.RegistryStore;
import org.relay4j.yamux.io.LimitedLog;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.LoopGroup;
import org.relay4j.yamux.io.Sockets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** The membership of a server in a cluster: joins its tunnels, ports and visitors to those of other nodes. Safe for use by several threads. */
final class Cluster implements ClusterListener {
    // More than 300 lines because it joins the parts of a node, and starts and ends them in order. Each part is a class
    // of its own.

    private static final Logger log = LoggerFactory.getLogger(RelayServer.class);
    private static final long LEAVE = TimeUnit.SECONDS.toNanos(5);

    private final RelayServer server;
    private final ClusterOptions options;
    private final ClusterThread thread = new ClusterThread();
    private final RegistryStore store;
    private final ClusterNode node;
    private final PeerPort port;
    private final PeerLinks links;
    private final RoutedEndpoints routed;
    private final ClusterCounts counts = new ClusterCounts();
    private final Map<String, ServerTunnel> tunnels = new ConcurrentHashMap<>(); // of this node, by id
    private final Set<String> returning =
            ConcurrentHashMap.newKeySet(); // tunnels of other nodes whose clients come back
    private final LimitedLog failures = new LimitedLog(log, Level.WARN, 10);
    private final LimitedLog problems = new LimitedLog(log, Level.ERROR);

    /** Opens the port for links from other nodes. */
    Cluster(RelayServer server, ClusterOptions options, ClusterSettings settings, PeerTls tls) throws IOException {
        this.server = server;
        this.options = options;
        store = options.store();
        node = new ClusterNode(settings, store, thread, this);
        PeerSettings peers =
                new PeerSettings(options.name(), options.node(), settings.self().incarnation(), server.loops(), tls);
        links = new PeerLinks(peers, new Watcher());
        routed = new RoutedEndpoints(this);
        boolean opened = false;
        try {
            port = PeerPort.open(peers, options.peerAddress(), new PeerVisitors(this));
            opened = true;
        } catch (BindException e) {
            throw Binding.failure("peer", options.peerAddress(), e);
        } finally {
            if (!opened) {
                links.close();
                thread.close();
            }
        }
    }

    /**
     * Joins the cluster. Blocks until the node knows the routes of the others, at most 20 seconds.
     *
     * @throws IOException if the store cannot be used, or another node has the name; the message says what to do
     */
    void join() throws IOException {
        ClusterStart.await(node.join(), "this node cannot join the cluster '" + options.name() + "': ");
        log.info(
                "relay server: node {} of cluster {}, {} other nodes, peers on {}",
                options.node(),
                options.name(),
                node.nodes().size(),
                Sockets.text(port.address()));
    }

    // ---- its parts

    RelayServer server() {
        return server;
    }

    ClusterNode node() {
        return node;
    }

    PeerLinks links() {
        return links;
    }

    /** Returns the ports and names whose tunnels are at other nodes. */
    RoutedEndpoints routed() {
        return routed;
    }

    ClusterCounts counts() {
        return counts;
    }

    ClusterView view() {
        return new ClusterReport(this).view(options.name());
    }

    /** Returns the TCP ports that are for this node itself. */
    Set<Integer> ownPorts() {
        Set<Integer> ports = new HashSet<>(List.of(server.port(), port.address().getPort()));
        InetSocketAddress https = server.httpsAddress();
        InetSocketAddress http = server.httpAddress();
        if (https != null) ports.add(https.getPort());
        if (http != null) ports.add(http.getPort());
        return ports;
    }

    /** Returns the name of this node. */
    String name() {
        return options.node();
    }

    /** Returns how long visitors wait for a node to take them. Unit: nanoseconds. */
    long hold() {
        return options.hold().toNanos();
    }

    /** Returns how long public ports accept visitors after this node has begun to leave. Unit: nanoseconds. */
    long drainDelay() {
        return options.drainDelay().toNanos();
    }

    // ---- routes

    /** Returns the routes to other nodes, those first that should be asked first. Wait-free. */
    List<Route> routes(Endpoint endpoint) {
        return node.routes(endpoint);
    }

    /** Returns the node that serves an endpoint; null if no other node does. */
    @Nullable
    String carrier(Endpoint endpoint) {
        List<Route> routes = routes(endpoint);
        return routes.isEmpty() ? null : routes.get(0).node();
    }

    /** Returns whether a tunnel of this node has an endpoint. */
    boolean isLocal(Endpoint endpoint) {
        return local(endpoint) != null;
    }

    /** Returns the tunnel of this node that has an endpoint; null if there is none. */
    @Nullable
    ServerTunnel local(Endpoint endpoint) {
        return server.registry()
                .ofEndpoint(endpoint)
                .toCompletableFuture()
                .getNow(Optional.empty())
                .orElse(null);
    }

    /** Returns the number of a loop of this server. */
    int number(Loop loop) {
        LoopGroup loops = server.loops();
        for (int n = 0; n < loops.size(); n++) if (loops.get(n) == loop) return n;
        throw new IllegalStateException("a loop of another server");
    }

    // ---- tunnels of this node

    /** Returns whether the policy gives the endpoint to the owner of the tunnel only, so that it is served even if its claim may have ended. */
    boolean isFixed(ServerTunnel tunnel, Endpoint endpoint) {
        return tunnel.owner() != null
                && !endpoint.isAny()
                && tunnel.request().limits().allows(endpoint)
                && !(endpoint.kind() == Endpoint.Kind.TCP
                        && tunnel.request().limits().ports().isEmpty());
    }

    /**
     * Called when a client comes back to a tunnel that another node has. Returns false if another connection of the tunnel is being made
     * here; otherwise {@link #ends} must follow.
     */
    boolean begins(String id) {
        return returning.add(id);
    }

    /** Called when the client has got the tunnel, or was refused. */
    void ends(String id) {
        returning.remove(id);
    }

    /** Returns the tunnel of this node with an id; null if there is none. */
    @Nullable
    ServerTunnel tunnel(String id) {
        return tunnels.get(id);
    }

    /** Called when this node has a new tunnel. */
    void enter(ServerTunnel tunnel) {
        TunnelClaims claims = tunnel.entry().claims();
        if (claims != null) tunnels.put(claims.id(), tunnel);
    }

    /** Called when this node no longer has a tunnel. */
    void leave(TunnelClaims claims, ServerTunnel tunnel) {
        tunnels.remove(claims.id(), tunnel);
    }

    // ---- what the node learns

    @Override
    public void routes(Endpoint endpoint, List<Route> now) {
        // A tunnel takes the open port of an endpoint that it serves, too.
        routed.changed(endpoint, () -> {
            for (Route route : now) {
                ServerTunnel same = tunnels.get(route.tunnel());
                if (same != null) same.loop().execute(() -> same.isElsewhere(endpoint));
            }
        });
    }

    @Override
    public void free(Endpoint endpoint) {
        routed.free(endpoint);
    }

    @Override
    public void node(NodeInfo other) {
        links.node(other);
        log.info("relay server: node {} of the cluster {}", other.name(), other.draining() ? "is leaving" : "is there");
    }

    @Override
    public void nodeGone(String other) {
        links.nodeGone(other);
        log.info("relay server: node {} of the cluster is gone", other);
    }

    @Override
    public void lost(String id, @Nullable Endpoint endpoint, String why) {
        ServerTunnel tunnel = tunnels.get(id);
        if (tunnel == null) return;
        tunnel.loop().execute(() -> {
            if (endpoint == null) tunnel.lostToOther(why);
            else tunnel.lostToOther(endpoint);
        });
    }

    @Override
    public void problem(String what) {
        problems.log("relay server: in the store of the cluster, {}", what);
    }

    @Override
    public void state(RegistryState state) {
        if (state == RegistryState.CONNECTED) {
            log.info("relay server: the store of the cluster can be reached");
            // Those that were not sure of their ports may take visitors again.
            for (ServerTunnel each : tunnels.values()) each.loop().execute(each::resume);
            for (ServerTunnel each : tunnels.values()) each.loop().execute(each.entry()::update); // what was not stored
        } else
            log.warn(
                    "relay server: the store of the cluster cannot be reached: tunnels go on, but new ones are refused until it"
                            + " can; check the store and the network");
    }

    /** Reports that something was not stored, which affects nobody now. */
    void failed(String what, Throwable failure) {
        failures.log("relay server: {}: {}", what, String.valueOf(failure.getMessage()));
    }

    /** Tells the node whether links to other nodes are alive. */
    private final class Watcher implements PeerWatcher {
        @Override
        public void alive(String other) {
            node.peerAlive(other, thread.nanoTime());
        }

        @Override
        public void dead(String other) {
            node.peerDead(other);
        }
    }

    // ---- the end

    /** Tells the other nodes that this one leaves. Does not block. */
    void drain() {
        node.drain().whenComplete((ok, failure) -> {
            if (failure != null) failed("the other nodes do not know that this one leaves", failure);
        });
    }

    /** Gives everything back, so that other nodes see at once that this one has left. Blocks for at most five seconds. */
    void close() {
        routed.close();
        try {
            node.leave().toCompletableFuture().get(LEAVE, TimeUnit.NANOSECONDS);
        } catch (ExecutionException | TimeoutException e) {
            log.debug("the node has not left its cluster in time", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        port.close();
        links.close();
        store.close();
        thread.close();
    }
}
