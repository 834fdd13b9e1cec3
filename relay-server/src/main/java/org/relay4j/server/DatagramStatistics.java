package org.relay4j.server;

import java.util.Map;

/**
 * The totals of the public UDP ports of a relay server at a point in time. Totals never decrease. Immutable.
 *
 * <pre>{@code
 * DatagramStatistics now = server.datagrams();
 * System.out.println(now.in() + " datagrams from " + now.visitors() + " visitors");
 * }</pre>
 *
 * @param visitors visitors since the start: addresses, with a port, from which datagrams were carried
 * @param openVisitors visitors present now
 * @param in datagrams received from visitors, including those that were dropped
 * @param out datagrams sent to visitors
 * @param dropped datagrams dropped since the start, for each reason
 */
public record DatagramStatistics(long visitors, int openVisitors, long in, long out, Map<DatagramDrop, Long> dropped) {

    /** Copies the map. */
    public DatagramStatistics {
        dropped = Map.copyOf(dropped);
    }
}
