package org.relay4j.benchmarks.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ReturnsTest {
    private static final long MILLI = 1_000_000;

    private final Returns returns = new Returns();

    @Test
    void timesCountFromTheKill() {
        returns.begin(-5 * MILLI); // the clock may be negative
        returns.lost("a", 0);
        returns.lost("b", 2 * MILLI);
        returns.up("a", 10 * MILLI);
        returns.up("c", 11 * MILLI); // a new tunnel
        assertEquals(2, returns.noticed.count());
        assertEquals(7, returns.noticed.quantile(1));
        assertEquals(1, returns.granted.count());
        assertEquals(15, returns.granted.quantile(1));
    }

    @Test
    void nothingCountsBeforeAndAfterwards() {
        returns.lost("a", 0);
        returns.begin(0);
        returns.up("a", MILLI);
        returns.lost("b", MILLI);
        returns.end();
        returns.up("b", 2 * MILLI);
        assertEquals(1, returns.noticed.count());
        assertEquals(0, returns.granted.count());
    }

    @Test
    void nodeWithMostOfTheTunnels() {
        assertEquals(2, Returns.mostAtOne(Stream.of("n1", "n2", "n1")));
        assertEquals(0, Returns.mostAtOne(Stream.empty()));
    }
}
