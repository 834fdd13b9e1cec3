package org.relay4j.api;

import java.net.InetSocketAddress;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What a tunnel tells its owner. Called on a thread that may block, one call after the other for a tunnel, in the order in
 * which things happened. An exception thrown from here is logged and changes nothing. The tunnel does not wait for a slow
 * listener: of visitors and round trips 1,024 events wait for it, further ones are dropped and counted
 * ({@link TunnelStatistics#droppedEvents}).
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
 * <p>Only who sets a listener pays for it: without one none of this is collected.
 */
public interface TunnelListener {
    /** The tunnel stands, for the first time or again: visitors can come. */
    default void up(Tunnel tunnel) {}

    /**
     * The tunnel has ended.
     *
     * @param cause why, a {@link TunnelLostException}; null when this side closed it
     * @param willRetry true when it is being re-established: either {@link #up} follows, or, when the tunnel is closed
     *     before that, a second {@code down} with a cause of null
     */
    default void down(Tunnel tunnel, @Nullable Throwable cause, boolean willRetry) {}

    /**
     * The tunnel was re-established, and the server has given it another port. {@link #up} follows.
     *
     * @param before where visitors connected until then; {@link Tunnel#publicAddress} is where they do from now on
     */
    default void publicAddressChanged(Tunnel tunnel, InetSocketAddress before) {}

    /** A visitor was accepted by the application, or is being connected to the local service. */
    default void visitorAccepted(Tunnel tunnel, Visitor visitor) {}

    /**
     * A visitor that was accepted has left.
     *
     * @param cause null when both directions were closed in an orderly way; else why the visitor was cut off
     */
    default void visitorClosed(Tunnel tunnel, Visitor visitor, @Nullable Throwable cause) {}

    /**
     * The round trip to the server was measured: when a tunnel of a forwarder begins, while windows grow, after each silence of
     * the {@code keepAliveInterval}, and after a call of {@link Tunnel#statistics}, at most every 10 s.
     */
    default void roundTrip(Tunnel tunnel, Duration roundTrip) {}
}
