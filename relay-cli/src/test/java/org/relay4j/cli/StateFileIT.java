package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.ConnectException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.testing.FixedPort;

/** Forwarders find their public ports again on a server that was restarted, in whatever way it ended. */
class StateFileIT {
    @TempDir
    private Path folder;

    private final int publicPort;

    StateFileIT() throws IOException {
        publicPort = FixedPort.free(); // not one that the kernel assigns meanwhile
    }

    private ChildProcess server(int port) {
        return ChildProcess.relay(
                "--bind=127.0.0.1",
                "--extended",
                "--public-ports=" + publicPort,
                "--state-file=" + folder.resolve("state"),
                String.valueOf(port));
    }

    private ChildProcess forwarder(EchoService echo, int port) {
        return ChildProcess.relay(
                "--lease-file=" + folder.resolve("lease"), "--localForwardPort=" + echo.port(), "127.0.0.1:" + port);
    }

    /** A visitor that tries again while the server is down. */
    private static void insist(int port) throws Exception {
        long begun = System.nanoTime();
        while (true) {
            try {
                Echo.through(port, 1000);
                return;
            } catch (ConnectException e) {
                if (System.nanoTime() - begun > ChildProcess.DEADLINE.toNanos()) throw e;
            }
        }
    }

    @Test
    void aServerThatWasKilledHasTheSamePublicPortsAfterwards() throws Exception {
        int control = FixedPort.free();
        try (EchoService echo = new EchoService();
                ChildProcess first = server(control)) {
            first.line();
            try (ChildProcess forwarder = forwarder(echo, control)) {
                int port = RelayPair.publicPort(forwarder.line(), echo.port());
                Echo.through(port, 1000);
                first.kill();
                try (ChildProcess second = server(control)) {
                    insist(port);
                    assertEquals(port, RelayPair.publicPort(forwarder.line(), echo.port()));
                    second.errorLine("1 tunnels of the last process wait for their clients, 0 were not kept");
                    second.terminate();
                    forwarder.kill();
                }
                try (ChildProcess third = server(control)) { // after an orderly end of the server, and a lost forwarder
                    third.line();
                    try (ChildProcess other = forwarder(echo, control)) {
                        assertEquals(port, RelayPair.publicPort(other.line(), echo.port()));
                        Echo.through(port, 1000);
                    }
                }
            }
        }
    }

    @Test
    void aFileThatCannotBeUsedStopsTheStart() throws Exception {
        Path malformed = Files.writeString(folder.resolve("malformed"), "[clients.alice]\n");
        assertRefused("the file is not a state file; repair it", "--extended", "--state-file=" + malformed);
        assertRefused("it is a directory", "--extended", "--state-file=" + folder);
        assertRefused("is not a directory in which", "--extended", "--state-file=" + folder.resolve("none/state"));
        assertRefused("--state-file has no effect on a plain port", "--state-file=" + folder.resolve("state"));
        assertRefused(
                "--state-file has no effect with --lease=0",
                "--extended",
                "--lease=0",
                "--state-file=" + folder.resolve("state"));
        try (ChildProcess first = server(0)) {
            first.line();
            assertRefused("a running relay server uses it", "--extended", "--state-file=" + folder.resolve("state"));
        }
    }

    private static void assertRefused(String expected, String... arguments) throws InterruptedException {
        String[] all = Arrays.copyOf(arguments, arguments.length + 2);
        all[arguments.length] = "--bind=127.0.0.1";
        all[arguments.length + 1] = "0";
        try (ChildProcess server = ChildProcess.relay(all)) {
            assertEquals(2, server.awaitExit(), server::toString);
            assertEquals(1, server.errors().lines().count(), server::toString);
            assertTrue(server.errors().contains(expected), server::toString);
        }
    }
}
