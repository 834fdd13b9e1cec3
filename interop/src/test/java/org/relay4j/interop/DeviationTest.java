package org.relay4j.interop;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class DeviationTest {
    private static final Deviation KNOWN =
            new Deviation(Peer.HASHICORP, "echo", Pattern.compile("reset after \\d+"), "It gets tired.");

    @Test
    void theKnownFailureIsAsExpected() {
        assertDoesNotThrow(() -> KNOWN.check("reset after 7 bytes"));
    }

    @Test
    void anyOtherFailureIsNot() {
        assertThrows(AssertionError.class, () -> KNOWN.check("wrong bytes"));
    }

    @Test
    void successIsNot() {
        AssertionError better = assertThrows(AssertionError.class, () -> KNOWN.check(null));
        assertEquals("HASHICORP now passes echo: remove the limitation \"It gets tired.\"", better.getMessage());
    }

    /** Else one with a mistake in its name would never be missed. */
    @Test
    void everyOneConcernsAScenarioThatExists() {
        Set<String> exist = new TreeSet<>(InteropIT.scenarios());
        exist.addAll(InteropIT.DRIVEN);
        assertTrue(exist.containsAll(Deviation.scenarios()), () -> Deviation.scenarios() + " in " + exist);
    }
}
