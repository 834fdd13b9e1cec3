package org.relay4j.server.cluster;

import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import org.relay4j.api.Endpoint;

/** Measures how long endpoints have no route. Confined to the executor of the node. */
final class Gaps {
    /** Maximum number of endpoints without a route that are remembered. */
    static final int MOST = 100_000;

    private static final long LONGEST = Duration.ofMinutes(1).toNanos();

    private record Gap(String tunnel, long since) {}

    private final Map<Endpoint, Gap> open = new LinkedHashMap<>(); // the oldest first
    private long count;
    private long total;
    private long longest;

    /** The last route of an endpoint has gone. */
    void begin(Endpoint endpoint, String tunnel, long now) {
        open.remove(endpoint);
        if (open.size() == MOST) open.remove(open.keySet().iterator().next());
        open.put(endpoint, new Gap(tunnel, now));
    }

    /** An endpoint has its first route. */
    void end(Endpoint endpoint, String tunnel, long now) {
        Gap gap = open.remove(endpoint);
        if (gap == null || !gap.tunnel.equals(tunnel) || now - gap.since > LONGEST) return;
        count++;
        total += now - gap.since;
        longest = Math.max(longest, now - gap.since);
    }

    void tick(long now) {
        Iterator<Gap> gaps = open.values().iterator();
        while (gaps.hasNext() && now - gaps.next().since > LONGEST) gaps.remove();
    }

    ClusterStatus.Gaps status() {
        return new ClusterStatus.Gaps(count, total, longest);
    }
}
