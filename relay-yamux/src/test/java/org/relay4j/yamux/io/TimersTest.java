package org.relay4j.yamux.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.relay4j.testing.Await;

class TimersTest {
    private final Timers timers = new Timers();

    @Test
    void cancelledTimersGiveTheirPlacesBack() {
        for (int i = 0; i < 100; i++) timers.add(1_000_000 + i, () -> {});
        int most = 0;
        for (int i = 0; i < 10_000; i++) {
            timers.add(5_000, () -> {}).cancel();
            most = Math.max(most, timers.size());
        }
        assertTrue(most <= 2 * 100 + 64 + 1, "at most " + most);
        assertTrue(timers.size() >= 100);
        for (int i = 0; i < 100; i++) assertNotNull(timers.poll(2_000_000));
        assertNull(timers.poll(2_000_000));
        assertEquals(0, timers.size());
    }

    private static Runnable holding(Object object) {
        return () -> assertNotNull(object);
    }

    @Test
    void cancelledTimerLetsGoOfItsTaskAtOnce() {
        Object[] held = {new Object()};
        WeakReference<Object> reference = new WeakReference<>(held[0]);
        Runnable task = holding(held[0]);
        Loop.Timer timer = timers.add(5_000, task);
        timer.cancel();
        held[0] = null;
        task = null;
        Await.until("the task is collected", () -> {
            System.gc();
            return reference.get() == null;
        });
        assertEquals(1, timers.size(), timer::toString);
    }

    @Test
    void cancellingTwiceOrAfterwardsHasNoEffect() {
        Loop.Timer run = timers.add(1, () -> {});
        assertNotNull(timers.poll(1));
        Loop.Timer cancelled = timers.add(1, () -> {});
        for (int i = 0; i < 1_000; i++) {
            run.cancel();
            cancelled.cancel();
        }
        timers.add(2, () -> {});
        assertEquals(2, timers.size());
        assertNotNull(timers.poll(2));
        assertNull(timers.poll(2));
        assertEquals(0, timers.size());
    }

    @Test
    void dueOnesComeInTheirOrderWhateverIsCancelled() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        List<Long> expected = new ArrayList<>();
        List<Long> ran = new ArrayList<>();
        for (int i = 0; i < 5_000; i++) {
            long due = i * 7L;
            Loop.Timer timer = timers.add(due, () -> ran.add(due));
            if (random.nextInt(4) > 0) timer.cancel();
            else expected.add(due);
        }
        for (Runnable task; (task = timers.poll(Long.MAX_VALUE)) != null; ) task.run();
        assertEquals(expected, ran, () -> "seed " + seed);
    }
}
