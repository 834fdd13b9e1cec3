package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The manual page and the completions name each option. packaging/test tries them in man, bash, zsh and fish. */
class PackageFilesTest {
    @TempDir
    private Path folder;

    @Test
    void eachOption() throws IOException {
        PackageFiles.main(new String[] {folder.toString()});
        String page = Files.readString(folder.resolve("relay.1")).replace("\\-", "-");
        String bash = Files.readString(folder.resolve("relay.bash"));
        String fish = Files.readString(folder.resolve("relay.fish"));
        for (Flag flag : Flag.values()) {
            for (String name : flag.names()) {
                assertTrue(page.contains("\\fB" + name + "\\fR"), () -> "man: " + name);
                assertTrue(bash.contains("'" + name + "'"), () -> "bash: " + name);
                assertTrue(fish.contains(" -l " + name.substring(2) + " "), () -> "fish: " + name);
            }
            assertTrue(page.contains(flag.variable()), flag::variable);
        }
    }

    @Test
    void optionsOfTheCommandOnly() {
        for (String line : Completion.fish().lines().toList()) {
            if (!line.contains("'__fish_seen_subcommand_from keygen'")) continue;
            assertFalse(line.contains("max-tunnels"), line);
        }
        assertTrue(Completion.fish().contains("'__fish_seen_subcommand_from keygen' -l out -r -F"));
    }

    @Test
    void noLineOfTheManualPageIsAnUnknownRequest() {
        for (String line : ManualPage.text().lines().toList()) {
            if (line.startsWith("'")) throw new AssertionError(line);
            if (line.startsWith(".")) assertTrue(line.matches("\\.(TH|SH|SS|TP|B|BR|I|br|nf|fi)( .*)?"), line);
        }
    }

    @Test
    void summaries() {
        for (Flag flag : Flag.values()) assertTrue(flag.description().startsWith(flag.summary() + "."), flag.summary());
        assertEquals("Host of the local service", Flag.LOCAL_HOST.summary());
    }
}
