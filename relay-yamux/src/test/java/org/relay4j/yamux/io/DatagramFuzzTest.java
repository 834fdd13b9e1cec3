package org.relay4j.yamux.io;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Replays what Jazzer has found for {@link DatagramFuzz}, and random inputs. */
class DatagramFuzzTest {
    @Test
    void knownInputs() throws Exception {
        List<Path> inputs;
        try (Stream<Path> files = Files.list(Path.of("src/test/resources/fuzz/datagrams"))) {
            inputs = files.sorted().toList();
        }
        assertTrue(inputs.size() >= 10, () -> inputs.size() + " inputs");
        for (Path input : inputs) play(input.toString(), Files.readAllBytes(input));
    }

    @Test
    @Tag("slow")
    void randomInputs() {
        for (int seed = 0; seed < 300; seed++) {
            Random random = new Random(seed);
            byte[] input = new byte[random.nextInt(600)];
            random.nextBytes(input);
            // Small lengths are rare in random bytes.
            for (int i = 0; i < input.length; i++) if (random.nextInt(3) == 0) input[i] = (byte) random.nextInt(3);
            play("seed " + seed, input);
        }
    }

    private static void play(String name, byte[] input) {
        try {
            DatagramFuzz.fuzzerTestOneInput(input);
        } catch (AssertionError | RuntimeException e) {
            throw new AssertionError(name + ": " + e.getMessage(), e);
        }
    }
}
