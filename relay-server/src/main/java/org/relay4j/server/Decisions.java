package org.relay4j.server;

import java.net.InetAddress;
import java.util.HashMap;
import java.util.Map;
import org.relay4j.yamux.io.Sockets;

/** Counts the clients that wait for a decision of this server, in all and by address. Not safe for use by several threads. */
final class Decisions {
    /*
     * Newer clients do not displace these. If they did, clients that come back all at once, for example after the death of a node,
     * would displace each other while they wait for the store, and none would get its tunnel. As many may wait as may be pending;
     * others are refused.
     */
    private final Map<InetAddress, Integer> addresses = new HashMap<>(); // those with clients
    private int size;

    /**
     * Counts one more client. Returns false if it is one too many.
     *
     * @param address what counts as one address, see {@link Sockets#site}
     */
    boolean add(InetAddress address, int mostOfAddress, int most) {
        int count = addresses.getOrDefault(address, 0);
        if (size >= most || count >= mostOfAddress) return false;
        addresses.put(address, count + 1);
        size++;
        return true;
    }

    /** Counts one less. */
    void remove(InetAddress address) {
        addresses.computeIfPresent(address, (key, count) -> count == 1 ? null : count - 1);
        size--;
    }

    int size() {
        return size;
    }
}
