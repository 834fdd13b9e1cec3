package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class BackoffTest {
    private static final Duration SHORTEST = Duration.ofMillis(200);
    private static final Duration LONGEST = Duration.ofSeconds(20);

    @Test
    void doublesUpToTheLongest() {
        Backoff backoff = new Backoff(SHORTEST, LONGEST, () -> 1.0);
        List<Long> pauses = new ArrayList<>();
        for (int i = 0; i < 10; i++) pauses.add(backoff.next().toMillis());
        assertEquals(List.of(200L, 400L, 800L, 1_600L, 3_200L, 6_400L, 12_800L, 20_000L, 20_000L, 20_000L), pauses);
    }

    @Test
    void staysShortWhileItIsUrgentAndGrowsOnFromThere() {
        Backoff backoff = new Backoff(SHORTEST, LONGEST, () -> 1.0);
        List<Long> pauses = new ArrayList<>();
        for (int i = 0; i < 5; i++) pauses.add(backoff.next(true).toMillis());
        for (int i = 0; i < 2; i++) pauses.add(backoff.next().toMillis());
        pauses.add(backoff.next(true).toMillis());
        pauses.add(backoff.next().toMillis());
        assertEquals(List.of(200L, 400L, 500L, 500L, 500L, 500L, 1_000L, 500L, 2_000L), pauses);
    }

    @Test
    void takesAtLeastHalfOfIt() {
        Backoff backoff = new Backoff(SHORTEST, LONGEST, () -> 0.0);
        assertEquals(100, backoff.next().toMillis());
        assertEquals(200, backoff.next().toMillis());
        for (int i = 0; i < 100; i++) backoff.next();
        assertEquals(10_000, backoff.next().toMillis());
    }

    @Test
    void staysBetweenItsBoundsWhateverChanceSays() {
        long seed = 20_260_101;
        Random random = new Random(seed);
        Backoff backoff = new Backoff(SHORTEST, LONGEST, random::nextDouble);
        Duration most = SHORTEST;
        Set<Duration> different = new HashSet<>();
        for (int i = 0; i < 1_000; i++) {
            Duration pause = backoff.next();
            String name = "seed " + seed + ", pause " + i + " is " + pause;
            assertTrue(pause.compareTo(most.dividedBy(2)) >= 0 && pause.compareTo(most) <= 0, name);
            most = most.multipliedBy(2).compareTo(LONGEST) > 0 ? LONGEST : most.multipliedBy(2);
            different.add(pause);
        }
        assertTrue(
                different.size() > 990, "clients that were cut off together come back together: " + different.size());
    }

    @Test
    void twoClientsDoNotComeBackTogether() {
        Backoff one = new Backoff(SHORTEST, LONGEST);
        Backoff two = new Backoff(SHORTEST, LONGEST);
        boolean differ = false;
        for (int i = 0; i < 20; i++) differ |= !one.next().equals(two.next());
        assertTrue(differ);
    }

    @Test
    void equalBoundsAreAConstantBeforeChance() {
        Backoff backoff = new Backoff(SHORTEST, SHORTEST, () -> 1.0);
        for (int i = 0; i < 5; i++) assertEquals(SHORTEST, backoff.next());
    }

    @Test
    void beginsAnewAfterAConnectionThatLasted() {
        Backoff backoff = new Backoff(SHORTEST, LONGEST, () -> 1.0);
        for (int i = 0; i < 5; i++) backoff.next();
        backoff.wasUp(LONGEST.toNanos());
        assertEquals(SHORTEST, backoff.next());
    }

    @Test
    void connectionThatBreaksAtOnceIsNoReasonToBeginAnew() {
        Backoff backoff = new Backoff(SHORTEST, LONGEST, () -> 1.0);
        for (int i = 0; i < 3; i++) backoff.next();
        backoff.wasUp(LONGEST.toNanos() - 1);
        assertEquals(Duration.ofMillis(1_600), backoff.next());
    }

    @Test
    void announcedEndIsAReasonToBeginAnewUnlessItComesAtOnce() {
        Backoff backoff = new Backoff(SHORTEST, LONGEST, () -> 1.0);
        for (int i = 0; i < 3; i++) backoff.next();
        backoff.wasDrained(Duration.ofSeconds(1).toNanos() - 1);
        assertEquals(Duration.ofMillis(1_600), backoff.next());
        backoff.wasDrained(Duration.ofSeconds(1).toNanos());
        assertEquals(SHORTEST, backoff.next());
    }

    @Test
    void pauseWhileAServerShutsDownDoesNotGrow() {
        Backoff backoff = new Backoff(SHORTEST, Duration.ofMinutes(1), () -> 1.0);
        for (int i = 0; i < 5; i++) assertEquals(Duration.ofSeconds(2), backoff.whileDraining());
        assertEquals(SHORTEST, backoff.next());
        assertEquals(Duration.ofSeconds(1), new Backoff(SHORTEST, Duration.ofMinutes(1), () -> 0.0).whileDraining());
        assertEquals(SHORTEST, new Backoff(SHORTEST, SHORTEST, () -> 1.0).whileDraining());
    }

    @Test
    void longestPossiblePausesDoNotOverflow() {
        Backoff backoff = new Backoff(Duration.ofMillis(1), Duration.ofHours(1), () -> 1.0);
        for (int i = 0; i < 200; i++) assertTrue(!backoff.next().isNegative());
        assertEquals(Duration.ofHours(1), backoff.next());
    }
}
