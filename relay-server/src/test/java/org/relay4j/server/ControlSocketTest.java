package org.relay4j.server;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Visitor;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.Stream;

/** Clients that connect to a Unix-domain socket. */
@ExtendWith(LeakCheck.EachTest.class)
class ControlSocketTest {
    @TempDir
    Path folder;

    private Path path;

    @BeforeEach
    void name() {
        path = folder.resolve("control.sock");
    }

    private RelayServerOptions.Builder options() {
        return RelayServerOptions.builder().controlSocket(path).publicBindAddress(InetAddress.getLoopbackAddress());
    }

    private SocketChannel connect() throws IOException {
        return SocketChannel.open(UnixDomainSocketAddress.of(path));
    }

    private static int port(SocketChannel client) throws IOException {
        ByteBuffer next = ByteBuffer.allocate(1);
        StringBuilder line = new StringBuilder();
        while (line.indexOf("\n") < 0) {
            assertEquals(1, client.read(next.clear()), line.toString());
            line.append((char) next.get(0));
        }
        return Integer.parseInt(line.toString().strip());
    }

    @Test
    void visitorReachesAClient() throws Exception {
        try (RelayServer server = RelayServer.start(options().build());
                SocketChannel client = connect()) {
            int port = port(client);
            assertEquals(0, server.port());
            assertTrue(server.address().getAddress().isLoopbackAddress());
            try (Session session = Session.server(client);
                    Socket visitor = Visitor.connect(port)) {
                Stream stream = session.accept();
                Visitor.send(visitor, "hello");
                assertEquals("hello", new String(stream.getInputStream().readNBytes(5), US_ASCII));
                stream.close();
                Visitor.expectEnd(visitor);
            }
            Await.until("the tunnel is gone", () -> server.tunnelCount() == 0);
        }
        assertFalse(Files.exists(path));
    }

    /** Returns the address of the only client. */
    private static InetSocketAddress client(RelayServer server) {
        Await.until("its tunnel is up", () -> !server.openTunnels().isEmpty());
        return server.openTunnels().get(0).tunnel().client();
    }

    @Test
    void clientsCountAsThoseOfThisMachine() throws Exception {
        try (RelayServer server =
                        RelayServer.start(options().maxTunnelsPerAddress(1).build());
                SocketChannel first = connect()) {
            assertTrue(port(first) > 0);
            Session session = Session.server(first);
            try (SocketChannel second = connect()) {
                assertEquals(InetAddress.getLoopbackAddress(), client(server).getAddress(), session::toString);
                ByteBuffer refusal = ByteBuffer.allocate(1_000);
                while (second.read(refusal) >= 0) {}
                String text = new String(refusal.array(), 0, refusal.position(), US_ASCII);
                assertTrue(text.contains("your address has reached its limit of 1 tunnels"), text);
            }
            session.close();
            assertTrue(session.awaitEnd(Await.DEADLINE));
        }
    }

    @Test
    void proxyMayTellTheAddress() throws Exception {
        InetSocketAddress client = new InetSocketAddress(InetAddress.getByName("203.0.113.9"), 4711);
        InetSocketAddress balancer = new InetSocketAddress(InetAddress.getByName("192.0.2.1"), 7000);
        try (RelayServer server = RelayServer.start(
                        options().trustedProxies(List.of("127.0.0.1")).build());
                SocketChannel proxied = connect()) {
            proxied.write(ByteBuffer.wrap(ProxyHeader.of(client, balancer).encodeV2()));
            assertTrue(port(proxied) > 0);
            Session session = Session.server(proxied);
            assertEquals(client, client(server), session::toString);
            session.close();
            assertTrue(session.awaitEnd(Await.DEADLINE));
        }
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no POSIX permissions")
    void accessIsThatOfTheOptions() throws IOException {
        RelayServerOptions options = options()
                .controlSocketAccess(PosixFilePermissions.fromString("rw-rw----"), null, null)
                .build();
        try (RelayServer server = RelayServer.start(options)) {
            assertEquals("rw-rw----", PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
            IllegalArgumentException refused = assertThrows(
                    IllegalArgumentException.class,
                    () -> server.update(options.toBuilder().controlSocket(null).build()));
            assertTrue(refused.getMessage().contains("controlSocket (from " + path + " to null)"), refused::getMessage);
        }
    }

    @Test
    void twoServersCannotShareIt() throws IOException {
        try (RelayServer server = RelayServer.start(options().build())) {
            BindException failure = assertThrows(
                    BindException.class, () -> RelayServer.start(options().build()));
            assertTrue(
                    failure.getMessage().startsWith("cannot listen on unix:" + path + ": it is in use"),
                    failure::getMessage);
            assertTrue(Files.exists(path), server::toString);
        }
    }
}
