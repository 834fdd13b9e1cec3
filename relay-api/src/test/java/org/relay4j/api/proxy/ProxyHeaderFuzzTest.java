package org.relay4j.api.proxy;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Replays what Jazzer has found for {@link ProxyHeaderFuzz}: the inputs that reach the most, and those that broke something. */
class ProxyHeaderFuzzTest {
    @Test
    void knownInputs() throws Exception {
        List<Path> inputs;
        try (Stream<Path> files = Files.list(Path.of("src/test/resources/fuzz/proxy"))) {
            inputs = files.sorted().toList();
        }
        assertTrue(inputs.size() >= 10, () -> inputs.size() + " inputs");
        for (Path input : inputs) {
            try {
                ProxyHeaderFuzz.fuzzerTestOneInput(Files.readAllBytes(input));
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError(input + ": " + e.getMessage(), e);
            }
        }
    }
}
