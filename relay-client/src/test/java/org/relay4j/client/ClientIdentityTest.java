package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPairGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.relay4j.api.control.Ed25519;

/** Names and key files that can be used, and what is said of those that cannot. */
class ClientIdentityTest {
    @TempDir
    Path folder;

    private Path file(String content, String permissions) throws IOException {
        Path file = Files.writeString(folder.resolve("web-1.key"), content);
        if (Files.getFileStore(file).supportsFileAttributeView("posix")) {
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString(permissions));
        }
        return file;
    }

    private static String key() throws Exception {
        return Ed25519.encode(
                KeyPairGenerator.getInstance("Ed25519").generateKeyPair().getPrivate());
    }

    @Test
    void keyFileMayEndWithALineFeed() throws Exception {
        assertEquals(
                "web-1",
                ClientIdentity.ofFile("web-1", file(key() + "\n", "rw-------")).name());
    }

    @ParameterizedTest
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no such permissions")
    @ValueSource(strings = {"rw-r-----", "rw----r--", "rw--w----", "rw-----w-"})
    void keyFileThatOthersMayUseIsRefused(String permissions) throws Exception {
        Path file = file(key(), permissions);
        IOException failure = assertThrows(IOException.class, () -> ClientIdentity.ofFile("web-1", file));
        assertEquals(
                "key file " + file + " is accessible to other users; restrict it with \"chmod 600 " + file + "\"",
                failure.getMessage());
    }

    @Test
    void keyFileThatDoesNotExist() {
        Path file = folder.resolve("none");
        assertThrows(NoSuchFileException.class, () -> ClientIdentity.ofFile("web-1", file));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "not base64!", "AAAA", "-----BEGIN PRIVATE KEY-----"})
    void keyFileWithSomethingElse(String content) throws Exception {
        Path file = file(content, "rw-------");
        IOException failure = assertThrows(IOException.class, () -> ClientIdentity.ofFile("web-1", file));
        String message = String.valueOf(failure.getMessage());
        assertTrue(message.startsWith("cannot use key file " + file + ": the key is "), message);
        assertTrue(message.endsWith("make one with \"relay keygen --client=web-1\""), message);
        assertFalse(message.contains("AAAA"), message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a b", "a=b", "ä", "x\ny"})
    void nameOfAnotherForm(String name) throws Exception {
        String key = key();
        assertThrows(IllegalArgumentException.class, () -> ClientIdentity.ofKey(name, key));
    }
}
