package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Replays what Jazzer has found for {@link HandshakeFuzz}: the inputs that reach the most, and those that once broke something. */
class HandshakeFuzzTest {
    @Test
    void knownInputs() throws Exception {
        List<Path> inputs;
        try (Stream<Path> files = Files.list(Path.of("src/test/resources/fuzz/handshake"))) {
            inputs = files.sorted().toList();
        }
        assertTrue(inputs.size() >= 25, () -> inputs.size() + " inputs");
        for (Path input : inputs) {
            try {
                HandshakeFuzz.fuzzerTestOneInput(Files.readAllBytes(input));
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError(input + ": " + e.getMessage(), e);
            }
        }
    }
}
