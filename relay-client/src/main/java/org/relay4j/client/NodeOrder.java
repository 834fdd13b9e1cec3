package org.relay4j.client;

import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.RelayUnreachableException;
import org.relay4j.yamux.io.OrderedLock;

/**
 * The order in which a client tries the addresses of its server and of the other nodes of its cluster: a node that was asked without
 * success comes later, until one of them grants a connection. Safe for use by several threads.
 */
final class NodeOrder {
    private final ServerAddresses addresses;
    private final boolean severalGiven; // by the options: each host and port is a node, however many addresses it has
    private final ReentrantLock lock = OrderedLock.leaf("the order of nodes");
    private final ArrayDeque<InetSocketAddress> asked =
            new ArrayDeque<>(); // see nodeOf; the last one at the end; guarded by lock
    private volatile boolean clustered; // the last connection was to a node of a cluster
    private volatile @Nullable InetSocketAddress known; // where it was made; null through a proxy

    NodeOrder(InetSocketAddress server, RelayClientOptions options) {
        addresses = new ServerAddresses(server, options.nodes());
        severalGiven = !options.nodes().isEmpty();
    }

    /**
     * Returns whether there are several nodes, as far as is known: those of the options, or the addresses of the only host if that is
     * a node. The addresses of another host may lead to servers that share nothing.
     */
    boolean areNodes() {
        return severalGiven || (clustered && known != null);
    }

    boolean isClustered() {
        return clustered;
    }

    /** A connection was granted at this address, where the next one is to be made, too. */
    void reached(InetSocketAddress address, boolean isClustered) {
        known = address.isUnresolved() ? null : address;
        clustered = isClustered;
    }

    /** Some node has granted a connection. */
    void granted() {
        lock.lock();
        try {
            asked.clear();
        } finally {
            lock.unlock();
        }
    }

    /** A node could be reached, but did not grant a connection. */
    void failed(InetSocketAddress address) {
        if (!areNodes() || address.isUnresolved()) return;
        InetSocketAddress node = nodeOf(address);
        lock.lock();
        try {
            asked.remove(node);
            asked.add(node);
            if (asked.size() > Dial.MOST_ADDRESSES) asked.remove();
        } finally {
            lock.unlock();
        }
    }

    /** Returns the addresses for the tunnel, and resolves them, which blocks. */
    List<InetSocketAddress> ofTunnel() throws RelayUnreachableException {
        // Alone, only the server that has granted the lease knows it. In a cluster, the tunnel is there already.
        return behind(asked(), ServerAddresses.preferring(known, addresses.resolve()));
    }

    /**
     * Returns the addresses for a further connection of the tunnel, and resolves them, which blocks.
     *
     * @param occupied where the tunnel has connections, the last choice at the end
     */
    List<InetSocketAddress> ofFurther(Entrance.Way way, List<InetSocketAddress> occupied)
            throws RelayUnreachableException {
        InetSocketAddress present = known;
        if (present == null) return addresses.resolve(); // it came through a proxy
        if (!clustered && way != Entrance.Way.OTHER) return List.of(present);
        List<InetSocketAddress> resolved = addresses.resolve();
        List<InetSocketAddress> inVain = asked();
        // Visitors wait for an urgent one. Others are better at another node, even if that has to be tried again and
        // again.
        return way == Entrance.Way.URGENT
                ? behind(inVain, behind(occupied, resolved))
                : behind(behind(inVain, occupied), behind(inVain, resolved));
    }

    /** Returns the targets at nodes that were not asked since the last grant, and are not among those to be avoided. */
    List<InetSocketAddress> others(List<InetSocketAddress> targets, Collection<InetSocketAddress> avoided) {
        List<InetSocketAddress> nodes = asked();
        for (InetSocketAddress each : avoided) nodes.add(nodeOf(each));
        return targets.stream().filter(each -> !nodes.contains(nodeOf(each))).toList();
    }

    /** Moves the addresses of some nodes to the end, in the order of these nodes. */
    private List<InetSocketAddress> behind(List<InetSocketAddress> nodes, List<InetSocketAddress> targets) {
        List<InetSocketAddress> ordered = new ArrayList<>(targets);
        for (InetSocketAddress node : nodes) {
            List<InetSocketAddress> moved = targets.stream()
                    .filter(each -> nodeOf(each).equals(nodeOf(node)))
                    .toList();
            ordered.removeAll(moved);
            ordered.addAll(moved);
        }
        return ordered;
    }

    /** Returns what stands for the node of an address, which keeps the host that was given. */
    private InetSocketAddress nodeOf(InetSocketAddress address) {
        return severalGiven ? InetSocketAddress.createUnresolved(address.getHostString(), address.getPort()) : address;
    }

    private List<InetSocketAddress> asked() {
        lock.lock();
        try {
            return new ArrayList<>(asked);
        } finally {
            lock.unlock();
        }
    }
}
