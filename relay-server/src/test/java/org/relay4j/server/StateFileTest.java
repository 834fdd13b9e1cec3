package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The state file on the disk. */
class StateFileTest {
    @TempDir
    private Path folder;

    private Path path;

    @BeforeEach
    void name() {
        path = folder.resolve("state");
    }

    private static final List<KeptTunnel> TUNNELS =
            List.of(StateTextTest.tunnel(1, "alice", true, 2), StateTextTest.tunnel(2, null, false, 1));

    private static String refused(Path file) {
        return String.valueOf(assertThrows(FileSystemException.class, () -> {
                    try (StateFile opened = StateFile.open(file)) {
                        opened.read();
                    }
                })
                .getMessage());
    }

    @Test
    void keepsTunnelsForTheNextOwner() throws IOException {
        try (StateFile file = StateFile.open(path)) {
            assertEquals(List.of(), file.read());
            file.write(TUNNELS);
        }
        try (StateFile file = StateFile.open(path)) {
            assertEquals(TUNNELS, file.read());
        }
    }

    @Test
    void onlyItsOwnerCanReadIt() throws IOException {
        Files.writeString(path, "relay-state version=1\nend tunnels=0\n");
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-r--r--"));
        try (StateFile file = StateFile.open(path)) {
            file.write(TUNNELS);
            for (Path each : List.of(path, folder.resolve("state.lock"))) {
                assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(each)));
            }
        }
    }

    @Test
    void twoServersCannotUseIt() throws IOException {
        try (StateFile first = StateFile.open(path)) {
            first.write(TUNNELS);
            String message = refused(path);
            assertTrue(message.contains(path + ": a running relay server uses it; stop that one"), message);
        }
        StateFile.open(path).close();
    }

    @Test
    void refusedSecondServerLeavesTheLockOfTheFirstToIt() throws Exception {
        try (StateFile first = StateFile.open(path)) {
            first.write(TUNNELS);
            refused(path);
            String python = "import fcntl; fcntl.lockf(open('" + folder.resolve("state.lock")
                    + "', 'r+'), fcntl.LOCK_EX | fcntl.LOCK_NB)";
            Process other = new ProcessBuilder("python3", "-c", python)
                    .redirectErrorStream(true)
                    .start();
            other.getInputStream().readAllBytes();
            assertNotEquals(0, other.waitFor(), "another process has got the lock");
        }
    }

    @Test
    void fileBehindALinkIsReplacedAndOthersThanRegularFilesAreRefused() throws IOException {
        Path target = Files.createDirectory(folder.resolve("data")).resolve("real");
        Files.writeString(target, "relay-state version=1\nend tunnels=0\n");
        Files.createSymbolicLink(path, target);
        try (StateFile file = StateFile.open(path)) {
            file.write(TUNNELS);
            assertTrue(Files.isSymbolicLink(path));
            assertEquals(TUNNELS, file.read());
            assertTrue(refused(target).contains("a running relay server uses it"));
        }
        Files.delete(path);
        Files.createSymbolicLink(path, folder.resolve("nowhere"));
        assertTrue(refused(path).contains("it is not a regular file"));
    }

    @Test
    void malformedFileIsRefusedWithPositionAndRemedyAndStays() throws IOException {
        Files.writeString(path, "relay-state version=1\ntunnel id=1\n");
        String message = refused(path);
        assertTrue(message.startsWith(path + ": it is malformed, line 2: "), message);
        assertTrue(
                message.endsWith("repair it, or remove it to start without the tunnels of the last process"), message);
        assertTrue(Files.exists(path));
        assertTrue(refused(path).contains("malformed"), "the lock was not released");
    }

    @Test
    void placesWhereNoFileCanBeAreRefused() throws IOException {
        assertTrue(refused(folder).contains("it is a directory; name a file in it"));
        Path none = folder.resolve("none").resolve("state");
        assertTrue(refused(none).contains(none.getParent() + " is not a directory in which"));
        assertTrue(refused(Path.of("/")).contains("it is a directory"));
        Files.createDirectory(folder.resolve("state.lock"));
        assertTrue(refused(path).contains("cannot open " + folder.resolve("state.lock")));
    }

    @Test
    void writeReplacesWhatAKilledProcessLeft() throws IOException {
        Path left = folder.resolve("state.new");
        Files.writeString(left, "relay-state vers");
        try (StateFile file = StateFile.open(path)) {
            file.begin(TUNNELS);
            assertEquals(TUNNELS, file.read());
            assertFalse(Files.exists(left));
        }
    }

    @Test
    void failedWriteKeepsTheFile() throws IOException {
        try (StateFile file = StateFile.open(path)) {
            file.write(TUNNELS);
            Path next = Files.createDirectory(folder.resolve("state.new"));
            Files.writeString(next.resolve("x"), "not empty");
            assertThrows(IOException.class, () -> file.write(List.of()));
            assertEquals(TUNNELS, file.read());
            String message = String.valueOf(assertThrows(FileSystemException.class, () -> file.begin(List.of()))
                    .getMessage());
            assertTrue(message.startsWith(path + ": cannot write it: "), message);
        }
    }
}
