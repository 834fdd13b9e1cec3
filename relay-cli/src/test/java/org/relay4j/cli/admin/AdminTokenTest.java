package org.relay4j.cli.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdminTokenTest {
    private static final String SECRET = "0123456789abcdef";

    @TempDir
    private Path folder;

    @Test
    void requestMustHaveIt() {
        AdminToken token = AdminToken.of(SECRET);
        assertTrue(token.isIn("Bearer " + SECRET));
        assertTrue(token.isIn("bearer  " + SECRET + " "));
        assertFalse(token.isIn(null));
        assertFalse(token.isIn(""));
        assertFalse(token.isIn("Bearer "));
        assertFalse(token.isIn("Bearer"));
        assertFalse(token.isIn(SECRET));
        assertFalse(token.isIn("Basic " + SECRET));
        assertFalse(token.isIn("Bearer " + SECRET + "0"));
        assertFalse(token.isIn("Bearer " + SECRET.substring(1)));
    }

    @Test
    void badOnesAreNotShown() {
        for (String bad :
                new String[] {"0123456789abcde", "x".repeat(513), "0123456789 abcdef", "0123456789abcd\u00e4f"}) {
            String message = assertThrows(IllegalArgumentException.class, () -> AdminToken.of(bad))
                    .getMessage();
            assertFalse(message.contains(bad), message);
            assertTrue(message.contains("openssl rand -hex 32"), message);
        }
        assertEquals("AdminToken", AdminToken.of(SECRET).toString());
    }

    @Test
    void fileMustBeItsOwners() throws IOException {
        Path file = folder.resolve("token");
        Files.writeString(file, SECRET + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        assertTrue(AdminToken.of(AdminToken.read(file)).isIn("Bearer " + SECRET));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
        assertFails(file, "token file " + file + " is accessible to other users; restrict it with \"chmod 600 " + file);
    }

    @Test
    void fileMustHaveOne() throws IOException {
        Path file = folder.resolve("token");
        assertFails(file, file + ": no such file");
        Files.writeString(file, "short\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        assertFails(file, "cannot use token file " + file + ": a token of 5 characters cannot be used");
        Files.write(file, new byte[1 << 20]);
        assertFails(file, "a token of 1024 characters cannot be used");
    }

    private static void assertFails(Path file, String part) {
        String message =
                assertThrows(IOException.class, () -> AdminToken.read(file)).getMessage();
        assertTrue(message.contains(part), message);
    }
}
