package org.relay4j.server;

/**
 * The totals of all tunnels of one client name at a point in time. Totals never decrease. Immutable.
 *
 * <pre>{@code
 * for (ClientStatistics client : server.clients()) {
 *     System.out.println(client.name() + ": " + client.bytesIn() + " bytes in, " + client.bytesOut() + " bytes out");
 * }
 * }</pre>
 *
 * @param name the name that the client has proved
 * @param tunnels tunnels established since the start
 * @param openTunnels tunnels established now, including those held for an absent client
 * @param visitors visitors accepted since the start
 * @param openVisitors visitors connected now to the open public ports of the client
 * @param bytesIn bytes received from visitors
 * @param bytesOut bytes sent to visitors
 */
public record ClientStatistics(
        String name, long tunnels, int openTunnels, long visitors, int openVisitors, long bytesIn, long bytesOut) {}
