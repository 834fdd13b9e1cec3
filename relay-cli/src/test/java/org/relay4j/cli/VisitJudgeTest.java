package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The judge of the runs with a cluster finds what it looks for. */
class VisitJudgeTest {
    private static final Map<Integer, String> NAMES = Map.of(20_000, "a", 20_001, "b");

    private static Visit visit(int begun, int ended, int port, String answer, @Nullable String failure) {
        return new Visit(begun * 1_000_000L, ended * 1_000_000L, 1, port, 0, answer, failure);
    }

    private static VisitJudge judge(Visit... log) {
        return new VisitJudge(List.of(log), NAMES);
    }

    @Test
    void ownAnswersInTimeAreRight() {
        VisitJudge judge = judge(visit(0, 5, 20_000, "a", null), visit(1, 30_000, 20_001, "", "reset"));
        assertEquals(List.of(), judge.violations());
        assertEquals(1, judge.failures().size());
    }

    @Test
    void answerOfAnotherServiceIsForeign() {
        Visit foreign = visit(1, 2, 20_001, "a", null);
        assertEquals(
                List.of(foreign), judge(visit(0, 1, 20_000, "a", null), foreign).foreign());
        assertEquals(List.of("foreign answer: " + foreign), judge(foreign).violations());
        assertEquals(1, judge(visit(1, 2, 20_000, "stranger", null)).foreign().size());
    }

    @Test
    void visitorsMustNotBeForgotten() {
        Visit forgotten = visit(1, 35_002, 20_001, "", "Read timed out");
        assertEquals(List.of(forgotten), judge(forgotten).forgotten());
        assertEquals(1, judge(forgotten).violations().size());
        assertEquals(1, judge(visit(0, 35_001, 20_000, "a", null)).forgotten().size());
    }

    @Test
    void aRunWithoutVisitorsShowsNothing() {
        assertEquals(List.of("no visitor came"), judge().violations());
    }

    @Test
    void gapIsThatOfTheSlowestEndpoint() {
        VisitJudge judge = judge(
                visit(90, 800, 20_000, "a", null), // came before
                visit(110, 700, 20_000, "a", null),
                visit(120, 690, 20_000, "a", null),
                visit(130, 140, 20_001, "", "reset"),
                visit(150, 400, 20_001, "b", null));
        assertEquals(590, judge.gap(100_000_000L));
        assertEquals(590, judge.only(visit -> visit.begun() >= 100_000_000L).longestWait());
    }

    @Test
    void endpointThatIsNotServedHasNoEndOfItsGap() {
        VisitJudge judge = judge(visit(110, 120, 20_000, "a", null), visit(110, 120, 20_001, "", "reset"));
        assertEquals(Double.POSITIVE_INFINITY, judge.gap(100_000_000L));
    }

    @Test
    void stayIsNoWait() {
        Visit visit = new Visit(0, 1_005_000_000L, 2, 20_000, 1_000, "a", null);
        assertEquals(5, judge(visit).longestWait());
        assertEquals(5, judge(visit).gap(0));
        assertEquals(1, judge(visit).only(each -> each.node() == 2).count());
    }
}
