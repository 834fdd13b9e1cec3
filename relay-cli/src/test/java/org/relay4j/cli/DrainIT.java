package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.testing.Call;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.Visitor;

/** SIGTERM to a server or a forwarder does not reset visitors who finish within the grace period. */
class DrainIT {
    @TempDir
    private Path folder;

    @Test
    void visitorsOfAServerFinishAndItsForwarderComesBackToTheNextOne() throws Exception {
        int control = FixedPort.free();
        int port = FixedPort.free();
        try (EchoService echo = new EchoService();
                ChildProcess first = server(control, port);
                ChildProcess forwarder = forwarder(echo, first)) {
            assertEquals(port, RelayPair.publicPort(forwarder.line(), echo.port()));
            try (Socket visitor = Echo.visitor(port)) {
                assertEcho(visitor, "before");
                Call<Void> ending = Call.run(first::terminate);
                first.errorLine("shutting down, 1 visitors may finish within 30 s");
                forwarder.errorLine("the server shuts down within 30 s");
                Visitor.awaitRefused(port);
                assertEcho(visitor, "while it shuts down");
                assertTrue(first.isAlive(), first::toString);
                visitor.shutdownOutput();
                Visitor.expectEnd(visitor);
                ending.result();
            }
            try (ChildProcess second = server(control, port)) {
                assertEquals(control, RelayPair.controlPort(second.line()));
                assertEquals(port, RelayPair.publicPort(forwarder.line(), echo.port()));
                Echo.through(port, 1000);
            }
        }
    }

    @Test
    void visitorsWhoDoNotFinishAreReset() throws Exception {
        try (EchoService echo = new EchoService();
                ChildProcess server = ChildProcess.relay("--bind=127.0.0.1", "--grace-period=300ms", "0");
                ChildProcess forwarder = forwarder(echo, server);
                Socket visitor = Echo.visitor(RelayPair.publicPort(forwarder.line(), echo.port()))) {
            assertEcho(visitor, "hello");
            server.terminate();
            Visitor.expectReset(visitor);
        }
    }

    @Test
    void visitorsOfAForwarderFinishWhileTheNextOneServesNewOnes() throws Exception {
        try (EchoService echo = new EchoService();
                ChildProcess server = ChildProcess.relay("--bind=127.0.0.1", "--extended", "0")) {
            String lease = "--lease-file=" + folder.resolve("lease");
            String address = "127.0.0.1:" + RelayPair.controlPort(server.line());
            String local = "--localForwardPort=" + echo.port();
            try (ChildProcess first = ChildProcess.relay(lease, local, address)) {
                int port = RelayPair.publicPort(first.line(), echo.port());
                try (Socket visitor = Echo.visitor(port)) {
                    assertEcho(visitor, "before");
                    Call<Void> ending = Call.run(first::terminate);
                    server.errorLine("the client accepts no more visitors");
                    try (Socket waiting = Echo.visitor(port);
                            ChildProcess second = ChildProcess.relay(lease, local, address)) {
                        assertEquals(port, RelayPair.publicPort(second.line(), echo.port()));
                        assertEcho(waiting, "waited");
                        assertEcho(visitor, "while it ends");
                        visitor.shutdownOutput();
                        Visitor.expectEnd(visitor);
                        ending.result();
                        assertEcho(waiting, "after the end of the first");
                    }
                }
            }
        }
    }

    private static void assertEcho(Socket visitor, String text) throws IOException {
        Visitor.send(visitor, text);
        Visitor.expect(visitor, text);
    }

    private static ChildProcess server(int control, int port) {
        return ChildProcess.relay(
                "--bind=127.0.0.1",
                "--public-bind=127.0.0.1",
                "--extended",
                "--public-ports=" + port,
                String.valueOf(control));
    }

    private static ChildProcess forwarder(EchoService echo, ChildProcess server) throws InterruptedException {
        return ChildProcess.relay(
                "--localForwardPort=" + echo.port(), "127.0.0.1:" + RelayPair.controlPort(server.line()));
    }
}
