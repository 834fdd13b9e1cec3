package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.FIN;
import static org.relay4j.testing.WireFrame.SYN;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.Visitor;
import org.relay4j.testing.WireFrame;

/** What the log says of a visitor. */
@ExtendWith(LeakCheck.EachTest.class)
class ServerVisitorTest {
    @Test
    void endIsLoggedWithAddressBytesAndDuration() throws IOException {
        try (RelayServer server = start();
                Logged log = Logged.below("org.relay4j.server");
                RawClient client = RawClient.establish(server)) {
            try (Socket visitor = client.visit()) {
                String from = "127.0.0.1:" + visitor.getLocalPort();
                client.yamux().expect(WireFrame.window(1, SYN, 0));
                Visitor.send(visitor, "request");
                visitor.shutdownOutput();
                client.yamux().expect(WireFrame.data(1, "request"), WireFrame.window(1, FIN, 0));
                client.yamux().send(WireFrame.data(1, "the reply"), WireFrame.window(1, FIN, 0));
                Visitor.expect(visitor, "the reply");
                Visitor.expectEnd(visitor);
                log.await("visitor " + from + " connected");
                String line = log.await("visitor " + from + " has disconnected");
                assertTrue(line.startsWith("DEBUG tunnel 1 (port " + client.port() + "): visitor "), line);
                assertTrue(line.contains("; 7 bytes in, 9 bytes out, connected for "), line);
            }
        }
    }

    @Test
    void resetIsLoggedWithItsCause() throws IOException {
        try (RelayServer server = start();
                Logged log = Logged.below("org.relay4j.server");
                RawClient client = RawClient.establish(server)) {
            try (Socket visitor = client.visit()) {
                client.yamux().expect(WireFrame.window(1, SYN, 0));
                client.yamux().send(WireFrame.window(1, WireFrame.RST, 0));
                Visitor.expectReset(visitor);
                String line = log.await("visitor 127.0.0.1:" + visitor.getLocalPort() + " was reset: ");
                assertTrue(line.contains("the peer reset the stream; 0 bytes in"), line);
            }
        }
    }

    private static RelayServer start() throws IOException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        return RelayServer.start(RelayServerOptions.builder()
                .bindAddress(loopback)
                .publicBindAddress(loopback)
                .build());
    }
}
