package org.relay4j.yamux.io;

import java.net.InetAddress;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Connections that have yet to say what they want, counted by address. Not safe for use by several threads.
 *
 * @param <T> a connection, compared by identity or {@code equals}
 */
public final class Pending<T> {
    /*
     * A new connection is never refused because of the limits: it displaces the oldest of its own address if that address is at its
     * limit, else the oldest one of the address with the most. So an address that uses up the limit displaces its own connections,
     * and a few addresses cannot lock out others. Each step takes O(log n) for n addresses.
     */
    private final Comparator<Site<T>> mostFirst =
            Comparator.comparingInt((Site<T> site) -> -site.members.size()).thenComparingLong(Site::oldestNumber);

    private final Map<InetAddress, Site<T>> sites = new HashMap<>(); // those with connections
    private final TreeSet<Site<T>> order = new TreeSet<>(mostFirst); // the same ones
    private int size;
    private long numbers; // given so far

    /** The connections of one address. */
    private static final class Site<T> {
        private final InetAddress address;
        private final Map<T, Long> members = new LinkedHashMap<>(); // the oldest is first; with their numbers

        Site(InetAddress address) {
            this.address = address;
        }

        T oldest() {
            return members.keySet().iterator().next();
        }

        long oldestNumber() {
            return members.values().iterator().next();
        }
    }

    /** Returns the number of connections. */
    public int size() {
        return size;
    }

    /** Returns all connections. */
    public List<T> all() {
        return sites.values().stream()
                .flatMap(site -> site.members.keySet().stream())
                .toList();
    }

    /** Returns whether the next connection from an address would displace one of the same address. */
    public boolean isFull(InetAddress address, int mostOfAddress) {
        Site<T> site = sites.get(address);
        return site != null && site.members.size() >= mostOfAddress;
    }

    /**
     * Adds a connection.
     *
     * @param address what counts as one address, see {@link Sockets#site}
     * @param mostOfAddress maximum number of connections from one address, at least 1
     * @param most maximum number of connections from all addresses, at least 1
     * @return the connection that it displaces, which is no longer pending; null if there is none
     */
    public @Nullable T add(InetAddress address, T added, int mostOfAddress, int most) {
        Site<T> crowded = isFull(address, mostOfAddress) ? sites.get(address) : size >= most ? order.first() : null;
        T displaced = crowded == null ? null : crowded.oldest();
        if (crowded != null && displaced != null) remove(crowded.address, displaced);
        Site<T> site = sites.computeIfAbsent(address, Site::new);
        if (!site.members.isEmpty()) order.remove(site); // its position depends on what changes now
        site.members.put(added, ++numbers);
        order.add(site);
        size++;
        return displaced;
    }

    /** Removes a connection, which was added with this address. Has no effect if it is no longer pending. */
    public void remove(InetAddress address, T member) {
        Site<T> site = sites.get(address);
        if (site == null || !site.members.containsKey(member)) return;
        order.remove(site);
        site.members.remove(member);
        if (site.members.isEmpty()) sites.remove(address);
        else order.add(site);
        size--;
    }
}
