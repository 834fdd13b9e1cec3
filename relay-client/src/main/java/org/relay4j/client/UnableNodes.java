package org.relay4j.client;

import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.relay4j.api.RelayRefusedException;

/**
 * The nodes of a cluster that could not answer this client because of their store since another one answered. They are asked after
 * the others. At most {@link Dial#MOST_ADDRESSES} are remembered. Safe for use by several threads.
 */
final class UnableNodes {
    private final ArrayDeque<InetSocketAddress> nodes = new ArrayDeque<>(); // the one that was asked last at the end

    /** Returns whether a node could not decide, so that another one may (section 6 of docs/protocol.md). */
    static boolean isReasonOf(RelayRefusedException refusal) {
        return refusal.code().equals("registry-unavailable");
    }

    synchronized void add(InetSocketAddress node) {
        nodes.remove(node);
        nodes.add(node);
        if (nodes.size() > Dial.MOST_ADDRESSES) nodes.remove();
    }

    /** One of the nodes has answered. */
    synchronized void clear() {
        nodes.clear();
    }

    synchronized boolean containsAll(Collection<InetSocketAddress> others) {
        return nodes.containsAll(others);
    }

    /** Moves these nodes to the end, the one that was asked last behind the others. */
    List<InetSocketAddress> after(List<InetSocketAddress> resolved) {
        List<InetSocketAddress> present;
        synchronized (this) {
            present = new ArrayList<>(nodes);
        }
        return ServerAddresses.avoiding(present, resolved);
    }
}
