package org.relay4j.server;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An established tunnel of a server at a point in time. Totals never decrease. Immutable.
 *
 * <pre>{@code
 * for (OpenTunnel open : server.openTunnels()) {
 *     System.out.println("port " + open.tunnel().port() + ": " + open.openVisitors() + " visitors, " + open.state());
 * }
 * }</pre>
 *
 * @param tunnel its number, the public port of its first request, and client; the address of the client is the one it came from last
 * @param id the tunnel's id, as in the logs of server and client: 32 hexadecimal digits; null if its client has no lease
 * @param name the name that the client has proved; null without one
 * @param state whether it accepts visitors
 * @param since when it was established; after a restart with a {@link RelayServerOptions#stateFile state file}, when the server
 *     was started
 * @param endpoints what visitors address, in the order in which it was opened; empty once it was closed
 * @param connections connections to the client
 * @param openVisitors visitors connected now
 * @param visitors visitors accepted so far
 * @param bytesIn bytes received from visitors
 * @param bytesOut bytes sent to visitors
 */
public record OpenTunnel(
        ServedTunnel tunnel,
        @Nullable String id,
        @Nullable String name,
        State state,
        Instant since,
        List<OpenEndpoint> endpoints,
        int connections,
        int openVisitors,
        long visitors,
        long bytesIn,
        long bytesOut) {
    /** Copies the list. */
    public OpenTunnel {
        endpoints = List.copyOf(endpoints);
    }

    /** Whether a tunnel accepts visitors. */
    public enum State {
        /** Visitors are carried to the client. */
        SERVED,
        /** The client is absent and may return; visitors wait. */
        HELD,
        /** No more visitors are accepted; connected ones may finish. */
        CLOSING
    }
}
