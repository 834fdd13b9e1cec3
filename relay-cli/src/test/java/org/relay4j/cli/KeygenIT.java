package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** relay keygen as its users run it. */
class KeygenIT {
    @TempDir
    private Path folder;

    @Test
    void filesAreWrittenToTheCurrentFolder() throws Exception {
        ProcessBuilder builder = ChildProcess.relayBuilder(Map.of(), "keygen", "--host=relay.example.com");
        try (ChildProcess keygen = ChildProcess.start(absolute(builder))) {
            assertEquals(0, keygen.awaitExit(), keygen::toString);
            List<String> lines = keygen.remainingLines();
            assertEquals(1, lines.size(), lines::toString);
            assertTrue(lines.get(0).matches("sha256:[0-9a-f]{64}"), lines::toString);
            assertTrue(keygen.errors().startsWith("wrote relay-cert.pem and relay-key.pem"), keygen::toString);
        }
        assertTrue(Files.exists(folder.resolve("relay-cert.pem")) && Files.exists(folder.resolve("relay-key.pem")));
    }

    @Test
    @EnabledOnOs(value = OS.LINUX, disabledReason = "has a folder in which no file can be created")
    void folderThatCannotBeWritten() throws Exception {
        for (String option : new String[] {"--host=a", "--client=a"}) {
            try (ChildProcess keygen = ChildProcess.relay("keygen", option, "--out=/proc/self")) {
                assertEquals(2, keygen.awaitExit(), keygen::toString);
                assertEquals(1, keygen.errors().lines().count(), keygen::toString);
                assertTrue(keygen.errors().startsWith("relay: cannot write /proc/self/"), keygen::toString);
                assertEquals(List.of(), keygen.remainingLines());
            }
        }
    }

    /** With the folder of the test as the current one. */
    private ProcessBuilder absolute(ProcessBuilder builder) {
        List<String> command = builder.command();
        int jar = command.indexOf("-jar") + 1;
        command.set(jar, Path.of(command.get(jar)).toAbsolutePath().toString());
        return builder.directory(folder.toFile());
    }
}
