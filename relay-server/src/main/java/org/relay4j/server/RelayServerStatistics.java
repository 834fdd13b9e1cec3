package org.relay4j.server;

import java.util.Map;

/**
 * What has passed through a relay server up to a moment. Immutable. The totals never decrease.
 *
 * <pre>{@code
 * RelayServerStatistics now = server.statistics();
 * System.out.println(now.openVisitors() + " visitors in " + now.openTunnels() + " tunnels");
 * }</pre>
 *
 * @param tunnels tunnels that were established since the start
 * @param openTunnels tunnels that are established now
 * @param pendingClients clients that are connected and have not answered yet
 * @param visitors visitors that were accepted since the start
 * @param openVisitors visitors that are connected now
 * @param bytesIn bytes that have come from visitors
 * @param bytesOut bytes that clients have sent for visitors
 * @param refusals clients and visitors that were turned away since the start, for each reason
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
