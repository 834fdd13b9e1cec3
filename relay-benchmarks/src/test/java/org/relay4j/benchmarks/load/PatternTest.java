package org.relay4j.benchmarks.load;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class PatternTest {
    private static final int PIECE = 64 << 10;
    private static final long PLACE = 1_000_000;

    @Test
    void isRecognisedOnlyAtItsPlace() {
        Pattern pattern = new Pattern(PIECE);
        byte[] bytes = new byte[PIECE];
        pattern.from(PLACE).get(bytes);
        assertTrue(pattern.matches(ByteBuffer.wrap(bytes), PLACE));
        for (int lost = 4096; lost <= 16 << 20; lost *= 2) {
            assertFalse(pattern.matches(ByteBuffer.wrap(bytes), PLACE + lost), "a loss of " + lost);
        }
    }
}
