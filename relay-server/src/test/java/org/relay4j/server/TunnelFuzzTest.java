package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;

/** Replays what Jazzer has found for {@link TunnelFuzz}: the inputs that reach the most, and those that once broke something. */
@ExtendWith(LeakCheck.class)
class TunnelFuzzTest {
    @AfterAll
    static void stop() throws IOException {
        TunnelFuzz.stop();
    }

    @Test
    void knownInputs() throws Exception {
        List<Path> inputs;
        try (Stream<Path> files = Files.list(Path.of("src/test/resources/fuzz/tunnel"))) {
            inputs = files.sorted().toList();
        }
        assertTrue(inputs.size() >= 50, () -> inputs.size() + " inputs");
        try (Logged log = Logged.below("org.relay4j.server")) {
            for (Path input : inputs) replay(input);
            assertEquals(
                    inputs.size(),
                    log.lines().stream()
                            .filter(line -> line.contains(": connected, "))
                            .count());
        }
    }

    private static void replay(Path input) throws Exception {
        try {
            TunnelFuzz.fuzzerTestOneInput(Files.readAllBytes(input));
        } catch (AssertionError | RuntimeException e) {
            throw new AssertionError(input + ": " + e.getMessage(), e);
        }
    }
}
