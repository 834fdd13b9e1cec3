package org.relay4j.server;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.relay4j.api.Endpoint;
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.SelfSigned;
import org.relay4j.testing.SelfSignedKeys;
import org.relay4j.testing.Visitor;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.Stream;

/** Relay clients that connect to the port of the visitors, so that a server needs only one. */
@ExtendWith(LeakCheck.EachTest.class)
class ClientsOnHttpsPortTest {
    private static final String OWN = "relay.example.com";
    private static final String APP = "app.example.com";

    @TempDir
    static Path folder;

    private static Keys keys;
    private static SSLContext client;

    @BeforeAll
    static void makeKeys() throws Exception {
        keys = new Keys(SelfSignedKeys.make(folder.resolve("server.p12"), "server", OWN, "*.example.net"));
        client = Keys.trusting();
    }

    private static RelayServer start(UnaryOperator<RelayServerOptions.Builder> options) throws IOException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        RelayServerOptions.Builder builder = RelayServerOptions.builder()
                .bindAddress(loopback)
                .publicBindAddress(loopback)
                .httpsPort(0)
                .tls(keys.server());
        return RelayServer.start(options.apply(builder).build());
    }

    private static InetSocketAddress https(RelayServer server) {
        InetSocketAddress address = server.httpsAddress();
        assertNotNull(address);
        return address;
    }

    private static LineClient connect(RelayServer server, @Nullable String name, String... protocols)
            throws IOException {
        SSLParameters parameters = new SSLParameters();
        if (name != null) parameters.setServerNames(List.of(new SNIHostName(name)));
        return LineClient.secure(https(server), client, parameters, protocols);
    }

    /** With several loops, the client usually changes to another one than that of the port. */
    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void clientsGetTunnels(int loops) throws Exception {
        try (RelayServer server = start(options -> options.loops(loops))) {
            for (String name : new String[] {OWN, null, "unknown.example.com"}) {
                try (LineClient line = connect(server, name, "relay/1")) {
                    assertTrue(line.line().startsWith("HELLO "));
                    String granted = line.ask("RELAY/1");
                    assertTrue(granted.startsWith("OK port="), granted);
                    int port = Integer.parseInt(granted.substring("OK port=".length()));
                    try (Session session = line.session();
                            Socket visitor = Visitor.connect(port)) {
                        Visitor.send(visitor, "hello");
                        Stream stream = session.accept(Await.DEADLINE);
                        assertEquals("hello", new String(stream.getInputStream().readNBytes(5), US_ASCII));
                        stream.reset();
                    }
                }
            }
            Await.until("all tunnels have ended", () -> server.tunnelCount() == 0);
            assertEquals(0, server.statistics().refusals().get(Refusal.NAME_UNKNOWN));
            assertEquals(0, server.statistics().refusals().get(Refusal.TLS));
        }
    }

    /** Behind the tunnel, for example, is another relay server. */
    @Test
    void tunnelWithTheNameComesFirst() throws Exception {
        try (RelayServer server = start(options -> options);
                LineClient line = connect(server, OWN, "relay/1")) {
            line.line();
            line.ask("RELAY/1");
            try (Session session = line.session()) {
                session.ping();
                Await.until("the tunnel is open", () -> server.tunnelCount() == 1);
                NameRoutingTest.give(server, APP);
                try (Socket visitor =
                        new Socket(https(server).getAddress(), https(server).getPort())) {
                    byte[] hello = NameRoutingTest.hello(APP, "relay/1");
                    visitor.getOutputStream().write(hello);
                    Stream stream = session.accept(Await.DEADLINE);
                    assertEquals(22, stream.getInputStream().read());
                    stream.reset();
                }
            }
        }
    }

    /** Else the tunnel would receive the clients of the server that use this name, for which its certificate is valid. */
    @Test
    void tunnelWithANameOfTheCertificateGetsNoClients() throws Exception {
        assertClientsReachTheServer(keys.server(), "app.example.net");
        assertClientsReachTheServer(ServerTls.of(SelfSigned.context()), APP); // its names are not known
    }

    private static void assertClientsReachTheServer(ServerTls tls, String name) throws Exception {
        try (RelayServer server = start(options -> options.tls(tls));
                LineClient line = connect(server, null, "relay/1")) {
            line.line();
            line.ask("RELAY/1");
            try (Session session = line.session()) {
                session.ping();
                Await.until("the tunnel is open", () -> server.tunnelCount() == 1);
                NameRoutingTest.give(server, name);
                SSLParameters parameters = new SSLParameters();
                parameters.setServerNames(List.of(new SNIHostName(name)));
                // another context, because a resumed session would have the name of the first one
                try (LineClient other = LineClient.secure(https(server), Keys.trusting(), parameters, "relay/1")) {
                    assertTrue(other.line().startsWith("HELLO "));
                }
                try (Socket visitor = Visitor.connect(https(server).getPort())) {
                    visitor.getOutputStream().write(NameRoutingTest.hello(name, "http/1.1"));
                    Stream stream = session.accept(Await.DEADLINE);
                    assertEquals(22, stream.getInputStream().read());
                    stream.reset();
                }
            }
        }
    }

    @Test
    void visitorsOfTheServersNameAreRefused() throws Exception {
        try (RelayServer server = start(options -> options)) {
            assertThrows(SSLException.class, () -> connect(server, OWN, "http/1.1"));
            assertThrows(SSLException.class, () -> connect(server, OWN));
            assertEquals(2, server.statistics().refusals().get(Refusal.NAME_UNKNOWN));
        }
    }

    @Test
    void nameOfTheServerIsNeverGranted() throws Exception {
        try (RelayServer server = start(options -> options)) {
            BindException own = assertThrows(
                    BindException.class,
                    () -> PublicName.open(server, server.loops().next(), Endpoint.host("Relay.Example.com.")));
            assertEquals("it is the name of the relay server itself", own.getMessage());
            assertNull(server.names().find(OWN, Long.MAX_VALUE));
            PublicName.open(server, server.loops().next(), Endpoint.host("example.net"))
                    .close(null);
            PublicName.open(server, server.loops().next(), Endpoint.host("a.example.net"))
                    .close(null);
        }
    }

    @Test
    void limitsOfClientsApply() throws Exception {
        try (RelayServer server = start(options -> options.denyClients(List.of("127.0.0.0/8")))) {
            assertThrows(IOException.class, () -> connect(server, OWN, "relay/1"));
            Await.until("it is counted", () -> server.statistics().refusals().get(Refusal.CLIENT_ADDRESS) == 1);
        }
    }

    @Test
    void serverWithoutTlsHasNoClientsThere() throws Exception {
        try (RelayServer server = start(options -> options.tls(null))) {
            assertThrows(SSLException.class, () -> connect(server, OWN, "relay/1"));
            assertEquals(1, server.statistics().refusals().get(Refusal.NAME_UNKNOWN));
        }
    }
}
