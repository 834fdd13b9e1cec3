package org.relay4j.server.peer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.server.cluster.NodeInfo;
import org.relay4j.server.cluster.Route;
import org.relay4j.yamux.io.OrderedLock;

/**
 * The links from this node to the others: one for each loop of each other node, connected when it is first needed and then kept.
 * Safe for use by several threads; nothing blocks.
 */
public final class PeerLinks implements AutoCloseable {
    /** Links of this node; visitors beyond are tried elsewhere. */
    static final int MOST = 4_096;

    /** Links to one node: one for each of its loops. */
    static final int MOST_OF_A_NODE = NodeInfo.MOST_LOOPS;

    private final PeerSettings settings;
    private final PeerWatcher watcher;
    private final PeerTasks tasks = new PeerTasks();
    private final ReentrantLock lock = OrderedLock.leaf("the links to other nodes");
    private final Map<String, NodeInfo> nodes = new HashMap<>(); // by name; guarded by lock
    private final Set<String> gone = new HashSet<>(); // of these nodes, those that the store has lost; guarded by lock
    private final Map<Key, PeerLink> links = new HashMap<>(); // guarded by lock
    private boolean closed; // guarded by lock

    private record Key(String node, int loop) {}

    public PeerLinks(PeerSettings settings, PeerWatcher watcher) {
        this.settings = settings;
        this.watcher = watcher;
    }

    PeerTasks tasks() {
        return tasks;
    }

    PeerWatcher watcher() {
        return watcher;
    }

    // ---- nodes

    /** A node has come, or has changed. Links to another incarnation of it end. */
    public void node(NodeInfo info) {
        List<PeerLink> outdated = new ArrayList<>();
        lock.lock();
        try {
            if (closed || info.name().equals(settings.node())) return;
            gone.remove(info.name());
            NodeInfo before = nodes.put(info.name(), info);
            if (before == null || before.incarnation().equals(info.incarnation())) return;
            removeLinks(info.name(), outdated);
        } finally {
            lock.unlock();
        }
        outdated.forEach(PeerLink::close);
    }

    /** A node has gone. Its links end unless they are in use, perhaps because only the store has lost it: then each ends by itself. */
    public void nodeGone(String name) {
        List<PeerLink> all = new ArrayList<>();
        lock.lock();
        try {
            links.forEach((key, link) -> {
                if (key.node().equals(name) && !link.isInUse()) all.add(link);
            });
            links.values().removeAll(all);
            if (links.keySet().stream().anyMatch(key -> key.node().equals(name))) gone.add(name);
            else {
                gone.remove(name);
                nodes.remove(name);
            }
        } finally {
            lock.unlock();
        }
        all.forEach(PeerLink::close);
    }

    /** A session of a link to a node has ended, or is retired. With no lock held. */
    void ended(String name) {
        boolean forgotten;
        lock.lock();
        try {
            forgotten = gone.contains(name);
        } finally {
            lock.unlock();
        }
        if (forgotten) nodeGone(name);
    }

    /** Returns how many nodes are known. */
    int nodes() {
        lock.lock();
        try {
            return nodes.size();
        } finally {
            lock.unlock();
        }
    }

    private void removeLinks(String node, List<PeerLink> removed) {
        links.entrySet().removeIf(entry -> {
            if (!entry.getKey().node().equals(node)) return false;
            removed.add(entry.getValue());
            return true;
        });
    }

    // ---- visitors

    /**
     * Offers a visitor to the node of a route. It is not read before that node has accepted it.
     *
     * @param outcome exactly one of its methods is called: within a second if there is a link, within two otherwise
     */
    public void open(PeerVisitor visitor, Route route, Endpoint endpoint, PeerOutcome outcome) {
        PeerLink link = link(route.node(), route.loop());
        if (link != null) link.open(new PeerOffer(visitor, route.epoch(), endpoint, outcome));
        else visitor.loop().execute(() -> outcome.tryElsewhere("node " + route.node() + " is not known"));
    }

    /**
     * Asks the node of a route whether the client of the tunnel answers there.
     *
     * @param owner the name of the client
     * @param silent called once, on any thread, with true if the node has the tunnel for this name and no connection has answered. If the
     *     link is lost, with false. Usually called within two seconds; the node may take longer.
     */
    public void ask(Route route, Endpoint endpoint, String owner, Consumer<Boolean> silent) {
        PeerLink link = link(route.node(), route.loop());
        if (link == null) silent.accept(false);
        else link.open(new PeerQuestion(endpoint, route.epoch(), owner, silent));
    }

    private @Nullable PeerLink link(String node, int loop) {
        lock.lock();
        try {
            NodeInfo info = nodes.get(node);
            if (closed || info == null || loop < 0 || loop >= Math.min(info.loops(), MOST_OF_A_NODE)) return null;
            Key key = new Key(node, loop);
            PeerLink known = links.get(key);
            if (known != null) return known;
            if (links.size() >= MOST) return null;
            PeerLink made = new PeerLink(settings, this, info, loop);
            links.put(key, made);
            return made;
        } finally {
            lock.unlock();
        }
    }

    // ---- figures

    /** Returns whether there is a link to a node that answers. */
    public boolean isUp(String node) {
        return statuses().stream().anyMatch(link -> link.up() && link.node().equals(node));
    }

    /** Returns all links. */
    public List<PeerLinkStatus> statuses() {
        List<PeerLink> all;
        lock.lock();
        try {
            all = List.copyOf(links.values());
        } finally {
            lock.unlock();
        }
        return all.stream().map(PeerLink::status).toList();
    }

    /** Ends all links: visitors that were served are reset, others are tried elsewhere. */
    @Override
    public void close() {
        List<PeerLink> all;
        lock.lock();
        try {
            closed = true;
            all = List.copyOf(links.values());
            links.clear();
            nodes.clear();
            gone.clear();
        } finally {
            lock.unlock();
        }
        all.forEach(PeerLink::close);
        tasks.close();
    }
}
