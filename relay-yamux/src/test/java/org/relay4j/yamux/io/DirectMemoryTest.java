package org.relay4j.yamux.io;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

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

    private static long limitOf(String... options) throws Exception {
        List<String> command = new ArrayList<>(List.of(System.getProperty("java.home") + "/bin/java"));
        command.addAll(List.of(options));
        command.add("-cp");
        command.add("target/classes" + File.pathSeparator + "target/test-classes");
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
