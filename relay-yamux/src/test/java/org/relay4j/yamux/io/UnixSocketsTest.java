package org.relay4j.yamux.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnixSocketsTest {
    @TempDir
    Path folder;

    @Test
    void failedConnectIsExplainedByTheFile() throws IOException {
        Path file = Files.createFile(folder.resolve("file"));
        Path left = folder.resolve("left");
        try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(UnixDomainSocketAddress.of(left));
        }
        assertEquals("no such file; start the service, or correct the path", reason(folder.resolve("none")));
        assertEquals("it is a folder, not a socket; correct the path", reason(folder));
        assertEquals("it is a file, not a socket; correct the path", reason(file));
        String below = reason(file.resolve("socket")); // JDKs differ in the reason
        assertTrue(below.endsWith("correct the path"), below);
        assertEquals("nobody listens on it; start the service", reason(left));
    }

    /** The text of a connect that fails. */
    private static String reason(Path path) {
        UnixDomainSocketAddress address = UnixDomainSocketAddress.of(path);
        IOException failure = assertThrows(IOException.class, () -> SocketChannel.open(address));
        return UnixSockets.reason(address, failure);
    }

    @Test
    void pathsHaveABound() {
        assertNull(UnixSockets.invalid(Path.of("/" + "x".repeat(106))));
        assertEquals(
                "the path of a socket has at most 107 bytes, and this one has 108; use a shorter path",
                UnixSockets.invalid(Path.of("/" + "x".repeat(107))));
        assertEquals(
                "the path of the socket is empty; use one such as /run/app.sock", UnixSockets.invalid(Path.of("")));
    }

    @Test
    void addressIsReadable() {
        assertEquals("unix:/run/app.sock", UnixSockets.text(UnixDomainSocketAddress.of("/run/app.sock")));
    }
}
