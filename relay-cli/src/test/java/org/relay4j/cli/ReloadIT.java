package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.testing.Visitor;

/** SIGHUP, and a change of the configuration file, with a tunnel that is in use. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no SIGHUP")
class ReloadIT {
    @TempDir
    private Path folder;

    @Test
    void changesApplyWhileVisitorsAreConnected() throws Exception {
        Path file = folder.resolve("server.toml");
        Files.writeString(file, "port = 0\nbind = \"127.0.0.1\"\n");
        try (EchoService echo = new EchoService();
                ChildProcess server = ChildProcess.relay("--config=" + file)) {
            int control = RelayPair.controlPort(server.line());
            try (ChildProcess forwarder =
                    ChildProcess.relay("--localForwardPort=" + echo.port(), "127.0.0.1:" + control)) {
                int port = RelayPair.publicPort(forwarder.line(), echo.port());
                try (Socket visitor = Echo.visitor(port)) {
                    assertEcho(visitor);
                    Files.writeString(
                            file,
                            "port = 0\nbind = \"127.0.0.1\"\ndeny-visitors = [\"127.0.0.0/8\"]\nextended = true\n");
                    server.hangUp(); // the check of the file may be earlier
                    server.errorLine("reload: deny-visitors changed from none to 127.0.0.0/8 (" + file + ":3:1)");
                    server.errorLine(
                            "reload: extended changed from off to on (" + file + ":4:1), which needs a restart");
                    assertReset(port);
                    assertEcho(visitor);

                    Files.writeString(file, "port = 0\nbind = \"127.0.0.1\"\nmax-visitors = \"many\"\n");
                    server.errorLine("reload failed, the configuration stays as it was: " + file
                            + ":3:1: max-visitors is \"many\", it must be a whole number");
                    assertReset(port);
                    assertEcho(visitor);
                    forwarder.hangUp();
                    forwarder.errorLine("reload: no option has changed");
                    assertEcho(visitor);
                }
            }
            assertTrue(server.isAlive(), server::toString);
        }
    }

    @Test
    void forwarderThatWaitsForItsServerReadsItsFileToo() throws Exception {
        Path file = folder.resolve("forwarder.toml");
        int unused;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            unused = socket.getLocalPort();
        }
        String text = "host = \"127.0.0.1\"\nport = " + unused + "\nlocal-forward-port = 9\nretry-first = true\n";
        Files.writeString(file, text);
        try (ChildProcess forwarder = ChildProcess.relay("--config=" + file)) {
            forwarder.errorLine("next attempt");
            Files.writeString(file, text + "grace-period = \"1s\"\n");
            forwarder.hangUp();
            forwarder.errorLine("reload: grace-period changed from 10s to 1s (" + file + ":5:1)");
            assertTrue(forwarder.isAlive(), forwarder::toString);
        }
    }

    /** The signal comes while the process still reads its options, as after "systemctl start" and "systemctl reload". */
    @Test
    void signalDuringTheStartEndsNothing() throws Exception {
        Path pipe = folder.resolve("pipe.toml");
        try (ChildProcess make = ChildProcess.start("mkfifo", pipe.toString())) {
            assertEquals(0, make.awaitExit(), make::toString);
        }
        try (ChildProcess server = ChildProcess.relay("--config=" + pipe)) {
            try (OutputStream file = Files.newOutputStream(pipe)) { // waits until the process reads it
                server.hangUp();
                file.write("port = 0\nbind = \"127.0.0.1\"\n".getBytes(StandardCharsets.US_ASCII));
            }
            server.errorLine("relay server: listening on "); // has read all that was written
            Files.writeString(pipe, "port = 0\nbind = \"127.0.0.1\"\nmax-tunnels = 5\n"); // for the signal
            server.errorLine("reload: max-tunnels changed from 1000 to 5");
            RelayPair.controlPort(server.line());
        }
    }

    /** The reset may arrive while the visitor connects. */
    private static void assertReset(int port) {
        SocketException failure = assertThrows(SocketException.class, () -> {
            try (Socket refused = Visitor.connect(port)) {
                refused.getInputStream().read();
            }
        });
        assertTrue(failure.getMessage().startsWith("Connection reset"), failure::toString);
    }

    private static void assertEcho(Socket visitor) throws Exception {
        Visitor.send(visitor, "hello");
        Visitor.expect(visitor, "hello");
    }
}
