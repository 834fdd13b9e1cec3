package org.relay4j.api;

import java.net.InetSocketAddress;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Receives the events of a tunnel. Calls for one tunnel do not overlap and are made in the order of the events. The first {@link
 * #up} is called by the thread that connects, before {@code RelayClient.connect} or {@code forward} returns. All other calls are
 * made by a thread of Relay, which the listener may block. An exception thrown by a listener is logged and has no other effect.
 *
 * <p>A slow listener does not delay the tunnel. At most 1,024 events of visitors and round trips wait for it; further ones are
 * dropped and counted ({@link TunnelStatistics#droppedEvents}). At most 256 tunnels of a process have their listener called at the
 * same time, not counting those whose listener has been busy for more than a second while others waited.
 *
 * <pre>{@code
 * TunnelListener listener = new TunnelListener() {
 *     public void up(Tunnel tunnel) {
 *         System.out.println("reachable at " + tunnel.publicAddress());
 *     }
 * };
 * RelayClientOptions options = RelayClientOptions.builder().listener(listener).build();
 * RelayClient.connect("relay.example.com", 7000, options).close();
 * }</pre>
 *
 * <p>There is no cost unless a listener is set.
 */
public interface TunnelListener {
    /** The tunnel is up, for the first time or after a reconnect: visitors can connect. */
    default void up(Tunnel tunnel) {}

    /**
     * The tunnel is down.
     *
     * @param cause why, usually a {@link TunnelLostException}; null if this side closed the tunnel
     * @param willRetry true if the tunnel is being re-established. Either {@link #up} follows, or a second {@code down} if the
     *     tunnel is closed before that
     */
    default void down(Tunnel tunnel, @Nullable Throwable cause, boolean willRetry) {}

    /**
     * The tunnel was re-established with another public address. {@link #up} follows.
     *
     * @param before the old public address; {@link Tunnel#publicAddress} returns the new one
     */
    default void publicAddressChanged(Tunnel tunnel, InetSocketAddress before) {}

    /** A visitor was accepted by the application, or is being connected to the local service of a forwarder. */
    default void visitorAccepted(Tunnel tunnel, Visitor visitor) {}

    /**
     * The connection of an accepted visitor has ended.
     *
     * @param cause why the visitor was reset; null if both directions were closed gracefully
     */
    default void visitorClosed(Tunnel tunnel, Visitor visitor, @Nullable Throwable cause) {}

    /**
     * The round trip to the server was measured: when the tunnel of a forwarder comes up, while windows grow, after each
     * silence of the {@code keepAliveInterval}, and after a call of {@link Tunnel#statistics}, at most every 10 s.
     */
    default void roundTrip(Tunnel tunnel, Duration roundTrip) {}
}
