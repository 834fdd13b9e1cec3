package org.relay4j.yamux;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What has passed through a session up to a moment. Immutable.
 *
 * <pre>{@code
 * SessionStatistics now = session.statistics();
 * System.out.println(now.openStreams() + " of " + now.streams() + " streams are open");
 * }</pre>
 *
 * @param streams streams that were opened since the start, by either end, among them those that were refused
 * @param openStreams streams that are open now
 * @param bytesReceived payload that has arrived, without headers and control frames
 * @param bytesSent payload that was queued to be sent, without headers and control frames
 * @param roundTrip the last round trip that was measured; null when none was. A session measures when it has been silent for
 *     its keep-alive interval, while windows grow, and when it is {@linkplain Session#ping asked} to
 * @param wastefulFrames frames from the peer that cost this end something and served nothing, such as pings or credit byte by
 *     byte, and streams that it opened for nothing; limited by {@link SessionOptions.Builder#wastefulFrameLimit}
 */
public record SessionStatistics(
        long streams,
        int openStreams,
        long bytesReceived,
        long bytesSent,
        @Nullable Duration roundTrip,
        long wastefulFrames) {}
