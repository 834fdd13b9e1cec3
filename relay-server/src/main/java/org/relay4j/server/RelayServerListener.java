package org.relay4j.server;

import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * Receives the events of a relay server.
 *
 * <pre>{@code
 * RelayServerListener listener = new RelayServerListener() {
 *     public void tunnelUp(RelayServer server, ServedTunnel tunnel) {
 *         System.out.println(tunnel.client() + " is reachable at port " + tunnel.port());
 *     }
 * };
 * RelayServerOptions options = RelayServerOptions.builder().port(7000).listener(listener).build();
 * try (RelayServer server = RelayServer.start(options)) {
 *     server.awaitEnd();
 * }
 * }</pre>
 *
 * <p>Calls are made one at a time, on a thread that the listener may block. The events of a tunnel are in order: {@code tunnelUp}
 * comes before the events of its visitors. A visitor may disconnect after {@code tunnelDown}, while the rest of a complete reply
 * is being sent to it. An exception thrown by a listener is logged and has no other effect.
 *
 * <p>The server does not wait for a slow listener. At most 1,024 events wait for it, and in addition one up and one down for
 * each tunnel. Further events are dropped and counted, see {@link RelayServerStatistics#droppedEvents}. If the up of a tunnel is
 * dropped, so are all other events of that tunnel.
 *
 * <p>There is no cost unless a listener is set.
 */
public interface RelayServerListener {
    /**
     * A tunnel is established: its client has answered. A server with a {@link RelayServerOptions#stateFile state file} also reports
     * the tunnels of the last process, when it starts; {@link #tunnelHeld} follows.
     */
    default void tunnelUp(RelayServer server, ServedTunnel tunnel) {}

    /**
     * The client of a tunnel is absent and may return: its public port stays open for {@link RelayServerOptions#lease}, and
     * visitors wait. {@link #tunnelResumed} or {@link #tunnelDown} follows.
     */
    default void tunnelHeld(RelayServer server, ServedTunnel tunnel) {}

    /** A client has resumed its tunnel, possibly from another address. Waiting visitors are served. */
    default void tunnelResumed(RelayServer server, ServedTunnel tunnel) {}

    /**
     * An established tunnel has ended.
     *
     * @param cause a {@link org.relay4j.api.TunnelLostException}; null if the server closed the tunnel
     */
    default void tunnelDown(RelayServer server, ServedTunnel tunnel, @Nullable Throwable cause) {}

    /** A visitor has connected to the public port of a tunnel. */
    default void visitorAccepted(RelayServer server, ServedTunnel tunnel, ServedVisitor visitor) {}

    /**
     * The connection of a visitor has ended.
     *
     * @param cause why it was reset; null if both directions were closed gracefully
     */
    default void visitorClosed(
            RelayServer server, ServedTunnel tunnel, ServedVisitor visitor, @Nullable Throwable cause) {}

    /**
     * A client or visitor was refused.
     *
     * @param from its address
     */
    default void refused(RelayServer server, Refusal reason, InetSocketAddress from) {}
}
