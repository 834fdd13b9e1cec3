package org.relay4j.client;

import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.RelayUnreachableException;

/**
 * The order in which a client tries the addresses of its server and of the other nodes of its cluster: a node that was asked without
 * success comes after the others until one of them grants a connection. Safe for use by several threads.
 */
final class NodeOrder {
    private final ServerAddresses addresses;
    private final boolean severalGiven; // by the options
    private final ArrayDeque<InetSocketAddress> asked =
            new ArrayDeque<>(); // without success, the last one at the end; guarded by this
    private boolean clustered; // the last connection was to a node of a cluster; guarded by this
    private @Nullable InetSocketAddress known; // where it was made; null through a proxy; guarded by this

    NodeOrder(InetSocketAddress server, RelayClientOptions options) {
        addresses = new ServerAddresses(server, options.nodes());
        severalGiven = !options.nodes().isEmpty();
    }

    /** Returns whether the addresses are those of different nodes. Those of a host may lead to servers that share nothing. */
    synchronized boolean areNodes() {
        return severalGiven || (clustered && known != null);
    }

    synchronized boolean isClustered() {
        return clustered;
    }

    /** A connection was granted, where the next one is to be made, too. */
    synchronized void reached(InetSocketAddress address, boolean isClustered) {
        known = address.isUnresolved() ? null : address;
        clustered = isClustered;
    }

    /** Some node has granted a connection. */
    synchronized void granted() {
        asked.clear();
    }

    /** A node could be reached, but did not grant a connection. */
    synchronized void failed(InetSocketAddress node) {
        if (!areNodes() || node.isUnresolved()) return;
        asked.remove(node);
        asked.add(node);
        if (asked.size() > Dial.MOST_ADDRESSES) asked.remove();
    }

    /** Returns the addresses for the tunnel, and resolves them, which blocks. Alone, only its server knows its lease. */
    List<InetSocketAddress> ofTunnel() throws RelayUnreachableException {
        List<InetSocketAddress> resolved = addresses.resolve();
        return askedLast(ServerAddresses.preferring(known(), resolved));
    }

    /**
     * Returns the addresses for a further connection of the tunnel, and resolves them, which blocks.
     *
     * @param occupied where the tunnel has connections
     */
    List<InetSocketAddress> ofFurther(Entrance.Way way, List<InetSocketAddress> occupied)
            throws RelayUnreachableException {
        InetSocketAddress present = known();
        if (present == null) return addresses.resolve(); // it came through a proxy
        if (!isClustered() && way != Entrance.Way.OTHER) return List.of(present);
        List<InetSocketAddress> resolved = addresses.resolve();
        // Visitors wait for an urgent one. Others are better at another node, even if that has to be tried again and
        // again.
        return way == Entrance.Way.URGENT
                ? askedLast(ServerAddresses.avoiding(occupied, resolved))
                : ServerAddresses.avoiding(askedLast(occupied), askedLast(resolved));
    }

    /** Returns those of the addresses that were not asked since the last grant. */
    synchronized List<InetSocketAddress> notAsked(List<InetSocketAddress> targets) {
        List<InetSocketAddress> rest = new ArrayList<>(targets);
        rest.removeAll(asked);
        return rest;
    }

    private synchronized List<InetSocketAddress> askedLast(List<InetSocketAddress> targets) {
        return ServerAddresses.avoiding(new ArrayList<>(asked), targets);
    }

    private synchronized @Nullable InetSocketAddress known() {
        return known;
    }
}
