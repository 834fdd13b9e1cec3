package org.relay4j.api;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What has passed through a tunnel up to a moment, over all its connections to the server. Immutable. The totals never become
 * less.
 *
 * <pre>{@code
 * TunnelStatistics now = tunnel.statistics();
 * System.out.println(now.openVisitors() + " of " + now.visitors() + " visitors are connected");
 * }</pre>
 *
 * @param visitors visitors that were accepted since the start
 * @param openVisitors visitors that are connected now
 * @param bytesIn bytes that have come from visitors
 * @param bytesOut bytes that were sent to visitors
 * @param reconnects how often the tunnel was re-established
 * @param roundTrip the last round trip to the server that was measured; null if none was. {@link Tunnel#statistics} starts a new
 *     measurement, at most every 10 s, so a program that polls it sees a current value
 * @param droppedEvents events that were dropped because the {@link TunnelListener} was too slow
 */
public record TunnelStatistics(
        long visitors,
        int openVisitors,
        long bytesIn,
        long bytesOut,
        long reconnects,
        @Nullable Duration roundTrip,
        long droppedEvents) {

    /** Both together; of the round trips the one that was measured here, if any. */
    public TunnelStatistics plus(TunnelStatistics other) {
        return new TunnelStatistics(
                visitors + other.visitors,
                openVisitors + other.openVisitors,
                bytesIn + other.bytesIn,
                bytesOut + other.bytesOut,
                reconnects + other.reconnects,
                roundTrip != null ? roundTrip : other.roundTrip,
                droppedEvents + other.droppedEvents);
    }
}
