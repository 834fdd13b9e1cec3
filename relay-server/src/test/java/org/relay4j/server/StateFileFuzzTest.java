package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Replays what Jazzer has found for {@link StateFileFuzz}: the inputs that reach the most, and those that broke something. */
class StateFileFuzzTest {
    @Test
    void knownInputs() throws Exception {
        List<Path> inputs;
        try (Stream<Path> files = Files.list(Path.of("src/test/resources/fuzz/state"))) {
            inputs = files.sorted().toList();
        }
        assertTrue(inputs.size() >= 10, () -> inputs.size() + " inputs");
        for (Path input : inputs) {
            try {
                StateFileFuzz.fuzzerTestOneInput(Files.readAllBytes(input));
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError(input + ": " + e.getMessage(), e);
            }
        }
    }
}
