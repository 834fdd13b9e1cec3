package org.relay4j.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** The local service learns who the visitor is. */
class ProxyProtocolIT {
    @Test
    void theFirstLineIsTheVisitorsAddress() throws Exception {
        try (ServerSocket service = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                ChildProcess server =
                        ChildProcess.relay("--bind=127.0.0.1", "--public-bind=127.0.0.1", "--extended", "0")) {
            service.setSoTimeout(Echo.TIMEOUT);
            String address = "127.0.0.1:" + RelayPair.controlPort(server.line());
            try (ChildProcess forwarder = ChildProcess.relay(
                            "--proxy-protocol=v1", "--localForwardPort=" + service.getLocalPort(), address);
                    Socket visitor = Echo.visitor(RelayPair.publicPort(forwarder.line(), service.getLocalPort()))) {
                visitor.getOutputStream().write("hello\n".getBytes(StandardCharsets.US_ASCII));
                try (Socket accepted = service.accept();
                        BufferedReader in = new BufferedReader(
                                new InputStreamReader(accepted.getInputStream(), StandardCharsets.US_ASCII))) {
                    accepted.setSoTimeout(Echo.TIMEOUT);
                    assertEquals(
                            "PROXY TCP4 127.0.0.1 127.0.0.1 " + visitor.getLocalPort() + " " + visitor.getPort(),
                            in.readLine());
                    assertEquals("hello", in.readLine());
                }
            }
        }
    }

    @Test
    void otherVersionsAreAnError() throws Exception {
        try (ChildProcess relay = ChildProcess.relay("--proxy-protocol=3", "--localForwardPort=9", "localhost:7000")) {
            assertEquals(2, relay.awaitExit(), relay::toString);
            assertTrue(relay.errors().contains("--proxy-protocol is '3', it must be v1 or v2"), relay::toString);
        }
    }
}
