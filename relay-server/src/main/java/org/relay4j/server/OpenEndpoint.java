package org.relay4j.server;

import org.relay4j.api.Endpoint;

/**
 * An endpoint of an established tunnel of a server, at a point in time. Immutable.
 *
 * <pre>{@code
 * for (OpenTunnel open : server.openTunnels()) {
 *     for (OpenEndpoint each : open.endpoints()) {
 *         System.out.println(each.endpoint() + ": " + each.openVisitors() + " visitors"); // tcp/5432: 3 visitors
 *     }
 * }
 * }</pre>
 *
 * @param endpoint what visitors address
 * @param openVisitors visitors of it that are connected now
 */
public record OpenEndpoint(Endpoint endpoint, int openVisitors) {}
