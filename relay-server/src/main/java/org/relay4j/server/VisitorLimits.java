package org.relay4j.server;

import java.net.InetAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.Sockets;

/**
 * How many visitors of one tunnel may come in a second, and be there at once from one address. Confined to the tunnel's loop.
 */
final class VisitorLimits {
    /*
     * The rate is a token bucket that holds the visitors of one second, kept as a single time (GCRA): each visitor moves the time
     * at which the bucket is full again by the interval between two visitors. It may be at most one second ahead.
     */
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private final int mostOfAnAddress; // 0: no limit
    private final int perSecond; // 0: no limit
    private final long interval; // ns between two visitors; 0: no limit
    private final Map<InetAddress, Integer> present = new HashMap<>(); // at most the visitors of the tunnel
    private long full; // ns

    VisitorLimits(ClientLimits limits, long now) {
        mostOfAnAddress = limits.maxVisitorsPerAddress();
        perSecond = limits.visitorsPerSecond();
        interval = perSecond == 0 ? 0 : SECOND / perSecond;
        full = now;
    }

    /**
     * Counts one more visitor, who must {@link #leave} later.
     *
     * @return why it is refused; null if it is not
     */
    @Nullable
    Refusal enter(InetAddress address, long now) {
        if (mostOfAnAddress == 0 && interval == 0) return null;
        InetAddress site = Sockets.site(address);
        if (mostOfAnAddress > 0 && present.getOrDefault(site, 0) >= mostOfAnAddress) {
            return Refusal.VISITORS_OF_ADDRESS;
        }
        if (interval > 0) {
            long next = (full - now > 0 ? full : now) + interval;
            if (next - now > SECOND) return Refusal.VISITOR_RATE;
            full = next;
        }
        add(address);
        return null;
    }

    /** Counts one more visitor, even beyond a limit. It must {@link #leave} later. */
    void add(InetAddress address) {
        if (mostOfAnAddress > 0) present.merge(Sockets.site(address), 1, Integer::sum);
    }

    /** Called when the connection of a counted visitor has ended. */
    void leave(InetAddress address) {
        if (mostOfAnAddress > 0) present.computeIfPresent(Sockets.site(address), (site, n) -> n == 1 ? null : n - 1);
    }

    /** The limit of {@link Refusal#VISITORS_OF_ADDRESS}. */
    int mostOfAnAddress() {
        return mostOfAnAddress;
    }

    /** The limit of {@link Refusal#VISITOR_RATE}. */
    int perSecond() {
        return perSecond;
    }

    /** Addresses of which visitors are present, if they are counted. */
    int addresses() {
        return present.size();
    }
}
