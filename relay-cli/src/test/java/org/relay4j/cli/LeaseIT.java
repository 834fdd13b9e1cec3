package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A restarted forwarder comes back to its public port. */
class LeaseIT {
    @TempDir
    private Path folder;

    @Test
    void aForwarderThatWasKilledFindsItsPortAndItsVisitorsAgain() throws Exception {
        try (EchoService echo = new EchoService();
                ChildProcess server = ChildProcess.relay("--bind=127.0.0.1", "--extended", "0")) {
            String address = "127.0.0.1:" + RelayPair.controlPort(server.line());
            int port;
            try (ChildProcess first = forwarder(echo, address)) {
                port = RelayPair.publicPort(first.line(), echo.port());
                Echo.through(port, 1000);
                first.kill();
            }
            try (Socket waiting = Echo.visitor(port)) { // nobody serves it yet
                waiting.getOutputStream().write("hello".getBytes(StandardCharsets.US_ASCII));
                waiting.shutdownOutput();
                try (ChildProcess second = forwarder(echo, address)) {
                    assertEquals(port, RelayPair.publicPort(second.line(), echo.port()));
                    assertEquals(
                            "hello", new String(waiting.getInputStream().readAllBytes(), StandardCharsets.US_ASCII));
                    second.terminate();
                }
            }
            try (ChildProcess third = forwarder(echo, address)) { // SIGTERM keeps the port too
                assertEquals(port, RelayPair.publicPort(third.line(), echo.port()));
            }
        }
    }

    @Test
    void severalConnectionsCarryTheVisitorsInTurn() throws Exception {
        try (EchoService echo = new EchoService();
                ChildProcess server = ChildProcess.relay("--bind=127.0.0.1", "--extended", "0");
                ChildProcess forwarder = ChildProcess.relay(
                        "--connections=3",
                        "--localForwardPort=" + echo.port(),
                        "127.0.0.1:" + RelayPair.controlPort(server.line()))) {
            int port = RelayPair.publicPort(forwarder.line(), echo.port());
            for (int visitor = 0; visitor < 6; visitor++) Echo.through(port, 1000);
            forwarder.errorLine("another connection");
        }
    }

    @Test
    void theNumberOfConnectionsIsBounded() throws Exception {
        for (String number : new String[] {"0", "9", "two"}) {
            try (ChildProcess forwarder =
                    ChildProcess.relay("--connections=" + number, "--localForwardPort=9", "127.0.0.1:7000")) {
                assertEquals(2, forwarder.awaitExit(), forwarder::toString);
                String expected = "--connections is '" + number + "'";
                assertTrue(forwarder.errors().contains(expected), forwarder::toString);
            }
        }
    }

    @Test
    void aServerWithoutLeasesGivesThePortBack() throws Exception {
        try (EchoService echo = new EchoService();
                ChildProcess server = ChildProcess.relay("--bind=127.0.0.1", "--extended", "--lease=0", "0")) {
            String address = "127.0.0.1:" + RelayPair.controlPort(server.line());
            try (ChildProcess first = forwarder(echo, address)) {
                Echo.through(RelayPair.publicPort(first.line(), echo.port()), 1000); // the server logs that it is up
                first.kill();
            }
            server.errorLine("down");
        }
    }

    @Test
    void aLeaseFileNeedsAFolder() throws Exception {
        for (Path file : new Path[] {folder.resolve("none/lease"), folder}) {
            try (ChildProcess forwarder =
                    ChildProcess.relay("--lease-file=" + file, "--localForwardPort=9", "127.0.0.1:7000")) {
                assertEquals(2, forwarder.awaitExit(), forwarder::toString);
                assertEquals(1, forwarder.errors().lines().count(), forwarder::toString);
                assertTrue(forwarder.errors().contains(file.toString()), forwarder::toString);
            }
        }
    }

    private ChildProcess forwarder(EchoService echo, String address) {
        return ChildProcess.relay(
                "--lease-file=" + folder.resolve("lease"), "--localForwardPort=" + echo.port(), address);
    }
}
