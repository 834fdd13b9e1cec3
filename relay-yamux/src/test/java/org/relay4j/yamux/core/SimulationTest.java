package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.relay4j.yamux.core.Conditions.Kind;

/** Many sessions between two cores, each different, each the same every time. One alone: {@code -Drelay.seed=<number>}. */
@Tag("slow")
class SimulationTest {
    private static final Long ONLY = Long.getLong("relay.seed");

    @Test
    void ordinarySessions() {
        run(Kind.ORDINARY, 600);
    }

    @Test
    void sessionsInPiecesOfAFewBytes() {
        run(Kind.TRICKLE, 300);
    }

    @Test
    void sessionsWithLargeWindows() {
        run(Kind.WIDE, 200);
    }

    @Test
    void sessionsWithWindowsThatGrow() {
        run(Kind.GROWING, 100);
    }

    @Test
    void sessionsWhoseConnectionTakesNothingForALongTime() {
        run(Kind.STALLED, 300);
    }

    @Test
    void sessionsWhereNearlyEverythingIsResetOrClosedOrRefused() {
        run(Kind.UNREST, 1000);
    }

    @Test
    void sessionsThatAreDrained() {
        run(Kind.DRAINED, 400);
    }

    @Test
    void sessionsThatAreClosedOrLost() {
        run(Kind.CUT, 600);
    }

    @Test
    void sameSeedIsTheSameSession() {
        for (Kind kind : Kind.values()) assertEquals(new Simulation(kind, 5).run(), new Simulation(kind, 5).run());
    }

    private static void run(Kind kind, int sessions) {
        long first = ONLY == null ? 0 : ONLY;
        long last = ONLY == null ? sessions - 1 : ONLY;
        long bytes = 0;
        for (long seed = first; seed <= last; seed++) {
            try {
                bytes += new Simulation(kind, seed).run();
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError(kind + " session fails with -Drelay.seed=" + seed + ": " + e.getMessage(), e);
            }
        }
        long least = bytes / 1000;
        assertTrue(ONLY != null || least > 0, "hardly anything was transferred");
    }
}
