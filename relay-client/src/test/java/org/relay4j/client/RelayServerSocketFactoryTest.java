package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.List;
import javax.net.ServerSocketFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.api.RelayUnreachableException;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Visitor;

/** Server sockets for servers that make them themselves. */
@ExtendWith(LeakCheck.class)
class RelayServerSocketFactoryTest {
    private RelayServer server;

    @BeforeEach
    void start() throws IOException {
        server = Local.server();
    }

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void eachServerSocketHasAPublicPortOfItsOwn() throws IOException {
        ServerSocketFactory factory = factory();
        try (ServerSocket one = factory.createServerSocket();
                ServerSocket two = factory.createServerSocket(80);
                ServerSocket three = factory.createServerSocket(80, 1);
                ServerSocket four = factory.createServerSocket(80, 1, InetAddress.getLoopbackAddress())) {
            List<ServerSocket> all = List.of(one, two, three, four);
            assertEquals(
                    4, all.stream().map(ServerSocket::getLocalPort).distinct().count());
            for (ServerSocket each : all) {
                assertTrue(each.isBound());
                assertInstanceOf(RelayAcceptor.class, each);
                try (Socket visitor = Visitor.connect(each.getLocalPort());
                        Socket accepted = each.accept()) {
                    Visitor.send(visitor, "x");
                    Visitor.expect(accepted, "x");
                }
            }
        }
    }

    @Test
    void failureToConnectIsThatOfTheServerSocket() {
        ServerSocketFactory factory = factory();
        server.close();
        assertThrows(RelayUnreachableException.class, () -> factory.createServerSocket(80));
    }

    @Test
    void nullIsRefusedAtOnce() {
        RelayClientOptions options = RelayClientOptions.defaults();
        assertThrows(NullPointerException.class, () -> RelayClient.serverSocketFactory(null, 1, options));
        assertThrows(NullPointerException.class, () -> RelayClient.serverSocketFactory("localhost", 1, null));
    }

    private ServerSocketFactory factory() {
        return RelayClient.serverSocketFactory(
                "localhost", server.port(), Local.hasty(new Recorder()).build());
    }
}
