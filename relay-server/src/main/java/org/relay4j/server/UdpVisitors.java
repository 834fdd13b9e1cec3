package org.relay4j.server;

import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The visitors of a UDP port by their address. Confined to the tunnel's loop. */
final class UdpVisitors<V> {
    /*
     * A source address may be forged until its owner reacts to a reply. So a visitor that has sent again after a reply is
     * established: nobody displaces it. The others are in the order of their latest datagrams, and the one that has been silent the
     * longest gives way: a flood of forged addresses displaces those before it, and visitors that have had their answer, as from
     * a DNS server, make room for the next ones.
     */

    private final Map<InetSocketAddress, V> established = new HashMap<>();
    private final LinkedHashMap<InetSocketAddress, V> others =
            new LinkedHashMap<>(16, 0.75f, true); // ordered by access

    int size() {
        return established.size() + others.size();
    }

    /** Returns the visitor with an address, of which a datagram has arrived; null if there is none. */
    @Nullable
    V heard(InetSocketAddress from) {
        V visitor = established.get(from);
        return visitor != null ? visitor : others.get(from);
    }

    void add(InetSocketAddress from, V visitor) {
        others.put(from, visitor);
    }

    /** The visitor has answered a reply. */
    void establish(InetSocketAddress from) {
        V visitor = others.remove(from);
        if (visitor != null) established.put(from, visitor);
    }

    /** Removes the visitor. Returns false if it was removed before, even if another one has its address now. */
    boolean remove(InetSocketAddress from, V visitor) {
        return established.remove(from, visitor) || others.remove(from, visitor);
    }

    /** Removes the visitor that gives way to a new one; null if all are established. */
    @Nullable
    V displace() {
        Iterator<V> oldest = others.values().iterator();
        if (!oldest.hasNext()) return null;
        V visitor = oldest.next();
        oldest.remove();
        return visitor;
    }

    /** Removes and returns those that match. */
    List<V> removeIf(Predicate<V> matching) {
        List<V> removed = new ArrayList<>(0);
        for (Map<InetSocketAddress, V> each : List.of(established, others)) {
            each.values().removeIf(visitor -> {
                boolean matches = matching.test(visitor);
                if (matches) removed.add(visitor);
                return matches;
            });
        }
        return removed;
    }
}
