package org.relay4j.server;

import java.util.Map;

/**
 * The totals of a relay server at a point in time. Totals never decrease. Immutable.
 *
 * <pre>{@code
 * RelayServerStatistics now = server.statistics();
 * System.out.println(now.openVisitors() + " visitors in " + now.openTunnels() + " tunnels");
 * }</pre>
 *
 * @param tunnels tunnels established since the start
 * @param openTunnels tunnels established now
 * @param pendingClients connected clients that have not answered yet
 * @param visitors visitors accepted since the start
 * @param openVisitors visitors connected now
 * @param bytesIn bytes received from visitors
 * @param bytesOut bytes sent to visitors
 * @param refusals clients and visitors refused since the start, for each reason
 * @param droppedEvents events that were dropped because the {@link RelayServerListener} was too slow
 */
public record RelayServerStatistics(
        long tunnels,
        int openTunnels,
        int pendingClients,
        long visitors,
        int openVisitors,
        long bytesIn,
        long bytesOut,
        Map<Refusal, Long> refusals,
        long droppedEvents) {

    /** Copies the map. */
    public RelayServerStatistics {
        refusals = Map.copyOf(refusals);
    }
}
