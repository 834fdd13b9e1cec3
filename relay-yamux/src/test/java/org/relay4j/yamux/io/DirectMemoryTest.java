package org.relay4j.yamux.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.relay4j.testing.Logged;

class DirectMemoryTest {
    @Test
    void limitIsWhatTheOptionSays() throws Exception {
        assertEquals(24L << 20, limitOf("-XX:MaxDirectMemorySize=24m", "-Xmx64m"));
        assertEquals(96L << 20, limitOf("-XX:MaxDirectMemorySize=96m", "-Xmx64m"));
    }

    @Test
    void limitIsThatOfTheHeapWithoutTheOption() {
        assertEquals(Runtime.getRuntime().maxMemory(), DirectMemory.limit());
    }

    @Test
    void budgetIsWhatThePropertySays() {
        assertEquals(7, DirectMemory.budget(null, () -> 7).getAsLong());
        assertEquals(5_000_000, DirectMemory.budget("5000000", () -> 7).getAsLong());
        assertEquals(8192L << 10, DirectMemory.budget("8192k", () -> 7).getAsLong());
        assertEquals(256L << 20, DirectMemory.budget("256M", () -> 7).getAsLong());
        assertEquals(2L << 30, DirectMemory.budget("2g", () -> 7).getAsLong());
        for (String wrong : new String[] {"", "lots", "-1", "1m", "4", "0x100", "1.5g", "999999999999g"}) {
            try (Logged log = Logged.below("org.relay4j.yamux.io")) {
                assertEquals(7, DirectMemory.budget(wrong, () -> 7).getAsLong());
                assertTrue(log.lines("WARN").get(0).contains("relay4j.bufferBudget=" + wrong), log.lines()::toString);
            }
        }
    }

    private static long limitOf(String... options) throws Exception {
        List<String> command = new ArrayList<>(List.of(System.getProperty("java.home") + "/bin/java"));
        command.addAll(List.of(options));
        command.add("-cp");
        command.add(System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
        command.add(Asked.class.getName());
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        assertEquals(0, process.waitFor());
        return Long.parseLong(said.trim());
    }

    /** The program of a JVM with other options. */
    static final class Asked {
        private Asked() {}

        public static void main(String[] arguments) {
            System.out.println(DirectMemory.limit());
        }
    }
}
