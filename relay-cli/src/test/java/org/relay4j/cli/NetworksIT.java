package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Networks that clients and visitors may connect from. */
class NetworksIT {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"--deny-clients=10.0.0.0/8, 127.0.0.0/8", "--allow-clients=192.0.2.0/24,2001:db8::/32"})
    void clientsFromElsewhereAreRefused(String option) throws Exception {
        try (ChildProcess server = ChildProcess.relay("--bind=127.0.0.1", option, "0")) {
            String address = "127.0.0.1:" + RelayPair.controlPort(server.line());
            try (ChildProcess forwarder = ChildProcess.relay("--localForwardPort=9", address)) {
                assertEquals(3, forwarder.awaitExit(), forwarder::toString);
                assertTrue(forwarder.errors().contains(address), forwarder::toString);
            }
        }
    }

    @Test
    void visitorsFromElsewhereAreRefused() throws Exception {
        try (EchoService echo = new EchoService();
                ChildProcess server = ChildProcess.relay(
                        "--bind=127.0.0.1",
                        "--public-bind=127.0.0.1",
                        "--allow-clients=127.0.0.1",
                        "--deny-visitors=127.0.0.0/8",
                        "0")) {
            String address = "127.0.0.1:" + RelayPair.controlPort(server.line());
            try (ChildProcess forwarder = ChildProcess.relay("--localForwardPort=" + echo.port(), address)) {
                int port = RelayPair.publicPort(forwarder.line(), echo.port());
                try (Socket visitor = Echo.visitor(port)) {
                    IOException end = assertThrows(IOException.class, () -> {
                        if (visitor.getInputStream().read() < 0) throw new IOException("closed");
                    });
                    assertTrue(!(end instanceof SocketTimeoutException), end::toString);
                }
            }
        }
    }

    @Test
    void visitorsFromAnAllowedNetworkAreServed() throws Exception {
        try (EchoService echo = new EchoService();
                ChildProcess server = ChildProcess.relay(
                        "--bind=127.0.0.1", "--public-bind=127.0.0.1", "--allow-visitors=::1,127.0.0.0/8", "0")) {
            String address = "127.0.0.1:" + RelayPair.controlPort(server.line());
            try (ChildProcess forwarder = ChildProcess.relay("--localForwardPort=" + echo.port(), address)) {
                Echo.through(RelayPair.publicPort(forwarder.line(), echo.port()), 1000);
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--allow-clients=10.0.0.0/33            | 10.0.0.0/33",
                "--deny-clients=relay.example.com       | relay.example.com",
                "--allow-visitors=10.0.0.1/8            | 10.0.0.0/8",
                "--deny-visitors=10.0.0.0/8,            | --deny-visitors"
            })
    void networksThatAreNone(String option, String named) throws Exception {
        ChildProcess.assertFails(2, named, option, "0");
    }
}
