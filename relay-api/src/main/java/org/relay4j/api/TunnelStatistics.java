package org.relay4j.api;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The totals of a tunnel at a point in time, over all its connections to the server. Totals never decrease. Immutable.
 *
 * <pre>{@code
 * TunnelStatistics now = tunnel.statistics();
 * System.out.println(now.openVisitors() + " of " + now.visitors() + " visitors are connected");
 * }</pre>
 *
 * @param visitors visitors accepted so far
 * @param openVisitors visitors connected now
 * @param bytesIn bytes received from visitors
 * @param bytesOut bytes sent to visitors
 * @param reconnects how often the tunnel was re-established
 * @param roundTrip the latest measured round trip to the server; null before the first measurement. {@link Tunnel#statistics} starts a new
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

    /** Returns the sum of both. The round trip is that of this object, or else of the other one. */
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
