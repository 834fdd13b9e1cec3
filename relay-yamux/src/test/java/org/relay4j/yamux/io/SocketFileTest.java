package org.relay4j.yamux.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.BindException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

class SocketFileTest {
    @TempDir
    Path folder;

    private Path path;

    @BeforeEach
    void name() {
        path = folder.resolve("socket");
    }

    private SocketFile bind() throws IOException {
        return SocketFile.bind(path, 10, SocketFile.Access.USUAL);
    }

    private static String refusal(Path path, SocketFile.Access access) {
        return assertThrows(BindException.class, () -> SocketFile.bind(path, 10, access))
                .getMessage();
    }

    private String refusal() {
        return refusal(path, SocketFile.Access.USUAL);
    }

    @Test
    void fileIsRemovedWithTheSocket() throws IOException {
        try (SocketFile file = bind();
                SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(path));
                SocketChannel accepted = file.channel().accept()) {
            assertTrue(client.isConnected() && accepted.isConnected());
            assertEquals("unix:" + path, file.toString());
        }
        assertFalse(Files.exists(path));
    }

    @Test
    void socketOnWhichNobodyListensIsReplaced() throws IOException {
        try (ServerSocketChannel left = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            left.bind(UnixDomainSocketAddress.of(path));
        }
        assertTrue(Files.exists(path), "as after a kill");
        try (SocketFile file = bind();
                SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
            assertTrue(client.isConnected() && file.channel().isOpen());
        }
    }

    @Test
    void socketInUseIsLeftAlone() throws IOException {
        try (SocketFile file = bind()) {
            assertEquals(
                    "cannot listen on " + file
                            + ": it is in use; choose another path, or stop the process that uses it",
                    refusal());
            SocketChannel.open(UnixDomainSocketAddress.of(path)).close();
        }
    }

    /** A backlog that is full refuses connections in another way. */
    @Test
    void socketWithAFullBacklogIsInUse() throws IOException {
        try (SocketFile file = SocketFile.bind(path, 1, SocketFile.Access.USUAL)) {
            for (int i = 0; i < 3; i++) assertTrue(refusal().contains("it is in use"), file::toString);
        }
    }

    @Test
    void otherFilesAreLeftAlone() throws IOException {
        Files.writeString(path, "precious");
        assertEquals(
                "cannot listen on unix:" + path + ": it exists, and is not a socket; choose another path, or remove it",
                refusal());
        assertEquals("precious", Files.readString(path));
        Path link = Files.createSymbolicLink(folder.resolve("link"), path);
        assertTrue(refusal(link, SocketFile.Access.USUAL).contains("is not a socket"));
    }

    @Test
    void fileOfASuccessorIsNotRemoved() throws IOException {
        SocketFile first = bind();
        Files.delete(path);
        try (SocketFile second = bind()) {
            first.close();
            assertTrue(Files.exists(path), second::toString);
        }
        assertFalse(Files.exists(path));
    }

    @Test
    void folderMustExist() {
        Path nowhere = folder.resolve("none/socket");
        assertEquals(
                "cannot listen on unix:" + nowhere + ": there is no folder " + nowhere.getParent() + "; create it",
                refusal(nowhere, SocketFile.Access.USUAL));
        Path endless = Path.of("/" + "x".repeat(200));
        assertTrue(refusal(endless, SocketFile.Access.USUAL).endsWith("; use a shorter path"));
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no POSIX permissions")
    void modeAndOwnerAreThoseOfTheFile() throws IOException {
        String user = Files.getOwner(folder).getName();
        SocketFile.Access access = new SocketFile.Access(PosixFilePermissions.fromString("rw-rw----"), user, null);
        try (SocketFile file = SocketFile.bind(path, 10, access)) {
            assertEquals("rw-rw----", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
            assertEquals(user, Files.getOwner(path).getName(), file::toString);
        }
    }

    /** Otherwise a process that the umask admits could connect before the mode is set. */
    @Test
    @EnabledOnOs(value = OS.LINUX, disabledReason = "other systems do not report each change of a file")
    void modeIsThatOfTheFileFromTheBeginning() throws Exception {
        SocketFile.Access access = new SocketFile.Access(PosixFilePermissions.fromString("rw-------"), null, null);
        try (WatchService watch = folder.getFileSystem().newWatchService()) {
            folder.register(watch, StandardWatchEventKinds.ENTRY_CREATE, StandardWatchEventKinds.ENTRY_MODIFY);
            List<String> changes = new ArrayList<>();
            try (SocketFile file = SocketFile.bind(path, 10, access)) {
                assertEquals(List.of("socket"), names(folder), file::toString);
                assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
                Files.createDirectory(folder.resolve("end"));
                while (!changes.contains("ENTRY_CREATE end")) {
                    WatchKey key = watch.poll(1, TimeUnit.MINUTES);
                    assertNotNull(key, changes::toString);
                    for (WatchEvent<?> each : key.pollEvents()) changes.add(each.kind() + " " + each.context());
                    key.reset();
                }
            }
            assertTrue(changes.contains("ENTRY_CREATE socket"), changes::toString);
            assertFalse(changes.contains("ENTRY_MODIFY socket"), changes::toString);
        }
        assertFalse(Files.exists(path));
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no POSIX permissions")
    void socketWithAModeReplacesOnlyOneOnWhichNobodyListens() throws IOException {
        SocketFile.Access access = new SocketFile.Access(PosixFilePermissions.fromString("rw-------"), null, null);
        try (ServerSocketChannel left = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            left.bind(UnixDomainSocketAddress.of(path));
        }
        try (SocketFile file = SocketFile.bind(path, 10, access);
                SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(path));
                SocketChannel accepted = file.channel().accept()) {
            assertTrue(client.isConnected() && accepted.isConnected());
            assertTrue(refusal(path, access).contains("it is in use"));
        }
        assertEquals(List.of(), names(folder));
        Path deep = folder.resolve("x".repeat(105 - folder.toString().length()));
        Files.createDirectory(deep);
        assertTrue(refusal(deep.resolve("a"), access).endsWith("; use a shorter path"));
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(each -> each.getFileName().toString()).toList();
        }
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no POSIX permissions")
    void unknownGroupIsNamed() throws IOException {
        SocketFile.Access access = new SocketFile.Access(null, null, "no-such-group");
        assertEquals(
                "cannot listen on unix:" + path + ": there is no user or group no-such-group; correct its name",
                refusal(path, access));
        assertEquals(List.of(), names(folder), "nothing is left behind");
    }
}
