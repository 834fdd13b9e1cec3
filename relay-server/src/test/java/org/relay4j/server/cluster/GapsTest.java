package org.relay4j.server.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.relay4j.api.Endpoint;

class GapsTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private final Gaps gaps = new Gaps();

    private static Endpoint endpoint(int number) {
        return Endpoint.host("h" + number + ".example.com");
    }

    @Test
    void theTimesWithoutARouteAreMeasured() {
        gaps.begin(endpoint(1), "a", -SECOND); // the clock may have any value
        gaps.end(endpoint(1), "a", SECOND);
        gaps.begin(endpoint(1), "a", 5 * SECOND);
        gaps.begin(endpoint(2), "b", 5 * SECOND);
        gaps.end(endpoint(2), "b", 6 * SECOND);
        gaps.end(endpoint(2), "b", 7 * SECOND); // it is not without a route
        assertEquals(new ClusterStatus.Gaps(2, 3 * SECOND, 2 * SECOND), gaps.status());
    }

    @Test
    void aClientThatDoesNotReturnIsNoGap() {
        gaps.begin(endpoint(1), "a", 0);
        gaps.end(endpoint(1), "another client's", SECOND);
        gaps.begin(endpoint(2), "b", 0);
        gaps.end(endpoint(2), "b", 61 * SECOND);
        gaps.begin(endpoint(3), "c", 0);
        gaps.tick(61 * SECOND);
        gaps.end(endpoint(3), "c", SECOND); // forgotten, else it would be a gap of a second
        assertEquals(new ClusterStatus.Gaps(0, 0, 0), gaps.status());
    }

    @Test
    void theOldestAreForgottenAtTheLimit() {
        for (int n = 0; n <= Gaps.MOST; n++) gaps.begin(endpoint(n), "a", 0);
        gaps.end(endpoint(0), "a", SECOND);
        assertEquals(0, gaps.status().count());
        gaps.end(endpoint(1), "a", SECOND);
        gaps.end(endpoint(Gaps.MOST), "a", SECOND);
        assertEquals(2, gaps.status().count());
    }
}
