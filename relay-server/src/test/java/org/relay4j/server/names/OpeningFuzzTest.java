package org.relay4j.server.names;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Replays what Jazzer has found for {@link OpeningFuzz}: the inputs that reach the most, and those that broke something. */
class OpeningFuzzTest {
    @Test
    void knownInputs() throws Exception {
        List<Path> inputs;
        try (Stream<Path> files = Files.list(Path.of("src/test/resources/fuzz/names"))) {
            inputs = files.sorted().toList();
        }
        assertTrue(inputs.size() >= 10, () -> inputs.size() + " inputs");
        for (Path input : inputs) {
            try {
                OpeningFuzz.fuzzerTestOneInput(Files.readAllBytes(input));
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError(input + ": " + e.getMessage(), e);
            }
        }
    }
}
