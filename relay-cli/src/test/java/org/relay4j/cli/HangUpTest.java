package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class HangUpTest {
    private final List<String> done = new ArrayList<>();
    private final HangUp hangUp = new HangUp(() -> done.add("end"));

    @Test
    void signalBeforeThereIsAnAnswerIsRemembered() {
        hangUp.arrived();
        hangUp.arrived();
        assertEquals(List.of(), done);
        hangUp.answer(() -> done.add("reload"));
        assertEquals(List.of("reload"), done, "once for both");
        hangUp.arrived();
        assertEquals(List.of("reload", "reload"), done);
    }

    @Test
    void nothingHappensWithoutASignal() {
        hangUp.answer(() -> done.add("reload"));
        assertEquals(List.of(), done);
    }
}
