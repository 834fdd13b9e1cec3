package org.relay4j.yamux;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The totals of a session at a point in time. Immutable.
 *
 * <pre>{@code
 * SessionStatistics now = session.statistics();
 * System.out.println(now.openStreams() + " of " + now.streams() + " streams are open");
 * }</pre>
 *
 * @param streams streams opened so far by either end, including refused ones
 * @param openStreams streams open now
 * @param bytesIn payload received, without headers and control frames
 * @param bytesOut payload queued for sending, without headers and control frames
 * @param roundTrip the latest measured round trip; null before the first measurement. A session measures it after each silence
 *     of the keep-alive interval, while windows grow, and on {@link Session#ping}
 * @param wastefulFrames frames from the peer that consumed resources without a useful effect, such as pings, credit byte by
 *     byte, and streams that it opened only to reset them; limited by {@link SessionOptions.Builder#wastefulFrameLimit}
 */
public record SessionStatistics(
        long streams,
        int openStreams,
        long bytesIn,
        long bytesOut,
        @Nullable Duration roundTrip,
        long wastefulFrames) {}
