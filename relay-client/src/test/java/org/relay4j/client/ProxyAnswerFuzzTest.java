package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Replays the inputs that are kept for {@link ProxyAnswerFuzz}, and changes them at random. */
class ProxyAnswerFuzzTest {
    private static final int CHANGED = 20_000;

    @Test
    void knownInputs() throws Exception {
        List<byte[]> inputs = inputs();
        assertTrue(inputs.size() >= 8, () -> inputs.size() + " inputs");
        for (byte[] input : inputs) run(input, "known input");
    }

    @Test
    void changedInputs() throws Exception {
        List<byte[]> inputs = inputs();
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int n = 0; n < CHANGED; n++) {
            run(changed(inputs.get(random.nextInt(inputs.size())), random), "seed " + seed + ", input " + n);
        }
    }

    private static byte[] changed(byte[] known, Random random) {
        byte[] input = known.clone();
        for (int changes = random.nextInt(4); changes > 0; changes--) {
            input[random.nextInt(input.length)] = (byte) random.nextInt(256);
        }
        if (random.nextInt(4) == 0) input = Arrays.copyOf(input, random.nextInt(input.length + 8));
        return input;
    }

    private static void run(byte[] input, String name) throws Exception {
        try {
            ProxyAnswerFuzz.fuzzerTestOneInput(input);
        } catch (AssertionError | RuntimeException e) {
            throw new AssertionError(name + ", " + HexFormat.of().formatHex(input) + ": " + e, e);
        }
    }

    private static List<byte[]> inputs() throws Exception {
        List<byte[]> inputs = new ArrayList<>();
        try (Stream<Path> files = Files.list(Path.of("src/test/resources/fuzz/proxy"))) {
            for (Path file : files.sorted().toList()) inputs.add(Files.readAllBytes(file));
        }
        return inputs;
    }
}
