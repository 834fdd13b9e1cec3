package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A server and a forwarder that need no port but the public one: the control port and the admin addresses are sockets. */
@Tag("peers")
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no permissions of sockets")
class UnixSocketsIT {
    @TempDir
    private Path folder;

    @Test
    void curlAndStatusReadBothSides() throws Exception {
        Path control = folder.resolve("control");
        Path ofServer = folder.resolve("server");
        Path file = folder.resolve("forwarder.toml");
        try (EchoService echo = new EchoService();
                ChildProcess server = ChildProcess.relay(
                        "--bind=unix:" + control,
                        "--socket-mode=600",
                        "--public-bind=127.0.0.1",
                        "--admin=unix:" + ofServer)) {
            assertEquals("listening on unix:" + control, server.line());
            Files.writeString(
                    file,
                    "host = \"unix:control\"\nadmin = \"unix:forwarder\"\nlocal-forward-port = " + echo.port() + "\n");
            try (ChildProcess forwarder = ChildProcess.relay("--config=" + file)) {
                String line = forwarder.line();
                assertTrue(line.startsWith("relaying localhost:"), line);
                int port = RelayPair.publicPort(line, echo.port());
                try (Socket visitor = Echo.visitor(port)) {
                    Echo.send(visitor, "hello");
                    Echo.expect(visitor, "hello");
                    String tunnels =
                            run("curl", "-s", "--unix-socket", ofServer.toString(), "http://localhost/api/tunnels");
                    assertTrue(tunnels.contains("\"endpoint\":\"tcp/" + port + "\""), tunnels);
                    assertTrue(status("--admin=unix:" + ofServer).startsWith("relay server unix:" + control + ", "));
                    assertTrue(status("--config=" + file).startsWith("relay forwarder"));
                }
                String drained = run(
                        "curl", "-s", "-X", "POST", "--unix-socket", ofServer.toString(), "http://localhost/api/drain");
                assertEquals("{\"state\":\"draining\"}", drained);
                assertEquals(0, server.awaitExit(), server::toString);
                assertTrue(Files.notExists(ofServer) && Files.notExists(control), "a socket is left");
            }
        }
    }

    private static String status(String option) throws InterruptedException {
        try (ChildProcess status = ChildProcess.relay("status", option)) {
            assertEquals(0, status.awaitExit(), status::toString);
            return String.join("\n", status.remainingLines());
        }
    }

    private static String run(String... command) throws InterruptedException {
        try (ChildProcess program = ChildProcess.start(command)) {
            assertEquals(0, program.awaitExit(), program::toString);
            return String.join("\n", program.remainingLines());
        }
    }
}
