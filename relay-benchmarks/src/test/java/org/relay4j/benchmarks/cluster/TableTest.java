package org.relay4j.benchmarks.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;

class TableTest {
    private static Times times(long... millis) {
        Times times = new Times();
        for (long each : millis) times.add(each * 1_000_000);
        return times;
    }

    @Test
    void partsAreColumnsAndFiguresThatNoneHasAreLeftOut() {
        Result start = new Result("start").put("secs", 30.0).put("carried", true);
        Result churn = new Result("churn 10")
                .put("secs", 20.25)
                .put("claim", times(3, 1, 2))
                .put("visit", times())
                .put("join_errors", 1)
                .put("visit_errors", 2)
                .put("sample_errors", 3)
                .put("carried", false);
        assertEquals("""
                | figure | start | churn 10 |
                |---|---:|---:|
                | carried | yes | no |
                | seconds | 30 | 20.3 |
                | claim, p50 / p99 ms |  | 2 / 3 |
                | failed claims / visitors / new tunnels |  | 1 / 2 / 3 |""", Table.of(List.of(start, churn)));
    }

    @Test
    void quantilesAreOfAllDurations() {
        Times times = new Times();
        for (int n = 10_000; n > 0; n--) times.add(n * 1_000_000L);
        assertEquals(5_001, times.quantile(0.5));
        assertEquals(9_901, times.quantile(0.99));
        assertEquals(10_000, times.quantile(1));
        times.clear();
        assertThrows(IllegalStateException.class, () -> times.quantile(1));
    }

    @Test
    void noMoreDurationsAreKeptThanTheMaximum() {
        Times times = new Times();
        for (int n = 0; n < Times.MOST + 10; n++) times.add(n);
        assertEquals(Times.MOST, times.count());
    }
}
