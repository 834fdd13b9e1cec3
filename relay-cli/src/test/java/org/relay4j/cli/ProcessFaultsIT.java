package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Processes that are stopped or killed while a tunnel with a lease is up: no visitor is refused, and the port stays the same. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no signals")
class ProcessFaultsIT {
    @TempDir
    private Path folder;

    private EchoService echo;
    private ChildProcess server;
    private String address;

    @BeforeEach
    void start() throws Exception {
        echo = new EchoService();
        server = ChildProcess.relay("--bind=127.0.0.1", "--extended", "0");
        address = "127.0.0.1:" + RelayPair.controlPort(server.line());
    }

    @AfterEach
    void stop() throws Exception {
        server.close();
        echo.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void visitorsWaitForAForwarderThatIsStopped(int connections) throws Exception {
        try (ChildProcess forwarder = forwarder("lease", connections)) {
            int port = publicPort(forwarder);
            try (Socket before = Echo.visitor(port)) {
                Echo.send(before, "one");
                Echo.expect(before, "one");
                forwarder.suspend();
                try (Socket waiting = Echo.visitor(port)) {
                    Echo.send(waiting, "two");
                    Echo.send(before, "three");
                    forwarder.resume();
                    Echo.expect(waiting, "two");
                    Echo.expect(before, "three");
                }
            }
            assertEquals(0, forwarder.waitingLines(), forwarder::toString); // the tunnel was not lost
        }
    }

    /** The server cannot know that the stopped forwarder is gone: the lease alone makes room for the next one. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void aStoppedForwarderDoesNotBlockItsSuccessor(int connections) throws Exception {
        try (ChildProcess first = forwarder("lease", connections)) {
            int port = publicPort(first);
            first.suspend();
            Files.copy(folder.resolve("lease"), folder.resolve("copy"));
            try (ChildProcess second = forwarder("copy", connections)) {
                assertEquals(port, publicPort(second));
                Echo.through(port, 100_000);
                first.resume(); // its lease is no longer valid, so it gets another tunnel
                assertNotEquals(port, publicPort(first));
                Echo.through(port, 100_000);
                assertEquals(0, second.waitingLines(), second::toString);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void visitorsWaitForAForwarderThatIsKilledAndStartedAgain(int connections) throws Exception {
        try (ChildProcess first = forwarder("lease", connections)) {
            int port = publicPort(first);
            first.suspend(); // a stopped process can be killed too
            first.kill();
            try (Socket waiting = Echo.visitor(port)) {
                Echo.send(waiting, "hello");
                try (ChildProcess second = forwarder("lease", connections)) {
                    assertEquals(port, publicPort(second));
                    Echo.expect(waiting, "hello");
                }
            }
        }
    }

    @Test
    void visitorsWaitForAServerThatIsStopped() throws Exception {
        try (ChildProcess forwarder = forwarder("lease", 2)) {
            int port = publicPort(forwarder);
            try (Socket before = Echo.visitor(port)) {
                Echo.send(before, "one");
                Echo.expect(before, "one");
                server.suspend();
                try (Socket waiting = Echo.visitor(port)) { // the kernel accepts it
                    Echo.send(waiting, "two");
                    server.resume();
                    Echo.expect(waiting, "two");
                    Echo.send(before, "three");
                    Echo.expect(before, "three");
                }
            }
            assertEquals(0, forwarder.waitingLines(), forwarder::toString);
        }
    }

    private ChildProcess forwarder(String lease, int connections) throws Exception {
        ChildProcess forwarder = ChildProcess.relay(
                "--lease-file=" + folder.resolve(lease),
                "--connections=" + connections,
                "--localForwardPort=" + echo.port(),
                address);
        if (connections > 1) forwarder.errorLine("another connection");
        return forwarder;
    }

    /** Waits until a visitor was served: the server keeps the port only of a client that has answered. */
    private int publicPort(ChildProcess forwarder) throws Exception {
        int port = RelayPair.publicPort(forwarder.line(), echo.port());
        Echo.through(port, 1);
        return port;
    }
}
