package org.relay4j.client;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.FIN;
import static org.relay4j.testing.WireFrame.RST;
import static org.relay4j.testing.WireFrame.data;
import static org.relay4j.testing.WireFrame.window;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.BindException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.api.Endpoint;
import org.relay4j.api.RelayProtocolException;
import org.relay4j.api.RelayRefusedException;
import org.relay4j.api.RelayUnreachableException;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelListener;
import org.relay4j.api.Visitor;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.FakeServer;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.WireFrame;

/** A tunnel with several endpoints, and a server that follows a script. */
@ExtendWith(LeakCheck.EachTest.class)
class RelayTunnelScriptTest {
    private static final String GRANT = "OK port=none visitor-address lease=t.one ttl=30 connection=0 drain";

    private final ServerScript script = new ServerScript();
    private final Listener listener = new Listener();
    private FakeServer service;
    private FakeServer server;

    /** Records who was told of visitors and new addresses. */
    private static final class Listener implements TunnelListener {
        final List<Tunnel> visited = new CopyOnWriteArrayList<>();
        final List<Tunnel> left = new CopyOnWriteArrayList<>();
        final List<Tunnel> moved = new CopyOnWriteArrayList<>();
        final List<Tunnel> ups = new CopyOnWriteArrayList<>();

        @Override
        public void up(Tunnel tunnel) {
            ups.add(tunnel);
        }

        @Override
        public void visitorAccepted(Tunnel tunnel, Visitor visitor) {
            visited.add(tunnel);
        }

        @Override
        public void visitorClosed(Tunnel tunnel, Visitor visitor, Throwable cause) {
            left.add(tunnel);
        }

        @Override
        public void publicAddressChanged(Tunnel tunnel, InetSocketAddress before) {
            moved.add(tunnel);
        }
    }

    @BeforeEach
    void start() throws IOException {
        service = FakeServer.echoing();
        server = FakeServer.start(script::serve);
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
        service.close();
    }

    private RelayTunnel open(String... answers) throws IOException {
        return open(Local.hasty(listener), answers);
    }

    private RelayTunnel open(RelayClientOptions.Builder options, String... answers) throws IOException {
        script.answers.addAll(List.of(answers));
        return RelayClient.open("localhost", server.port(), options.build());
    }

    private InetSocketAddress local() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), service.port());
    }

    private Link next() throws Exception {
        Socket next = script.established.poll(Await.DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
        assertNotNull(next, "the client does not connect");
        return new Link(next);
    }

    // ---- both kinds on one connection

    @Test
    void acceptorAndForwarderShareAConnection() throws Exception {
        try (RelayTunnel tunnel = open(GRANT)) {
            Link link = next();
            assertEquals(List.of("RELAY/1 port=none visitor-address resume drain"), script.requests);
            Call<RelayAcceptor> opening = Call.of(() -> tunnel.acceptor(Endpoint.anyPort()));
            link.expect("OPEN tcp/0 request=1");
            link.say("OPENED tcp/20417 public=:20417");
            RelayAcceptor acceptor = opening.result();
            assertEquals(Endpoint.port(20417), acceptor.endpoint());
            assertEquals("localhost", acceptor.publicAddress().getHostString());
            assertEquals(20417, acceptor.getLocalPort());
            Call<RelayForwarder> forwarding = Call.of(() -> tunnel.forward(Endpoint.host("App.Example.com"), local()));
            link.expect("OPEN host/app.example.com");
            link.say("OPENED host/app.example.com public=app.example.com");
            RelayForwarder forwarder = forwarding.result();
            assertEquals("app.example.com", forwarder.publicAddress().getHostString());
            assertEquals(443, forwarder.publicAddress().getPort());
            assertEquals(List.of(acceptor.endpoint(), forwarder.endpoint()), tunnel.endpoints());

            link.visit(1, "tcp/20417", "hello");
            Socket visitor = acceptor.accept();
            assertEquals(Link.VISITOR, visitor.getRemoteSocketAddress());
            assertEquals(20417, visitor.getLocalPort());
            assertEquals("hello", new String(visitor.getInputStream().readNBytes(5), US_ASCII));
            visitor.getOutputStream().write("reply".getBytes(US_ASCII));
            link.expectData(1, "reply");
            link.visit(3, "host/app.example.com", "echo");
            link.expectData(3, "echo");
            visitor.getOutputStream().write("from another thread".getBytes(US_ASCII)); // now its session splices, too
            link.expectData(1, "from another thread");
            Await.until("both are reported", () -> listener.visited.equals(List.of(acceptor, forwarder)));
            assertEquals(1, forwarder.statistics().openVisitors());
            assertTrue(forwarder.statistics().bytesIn() >= 4, forwarder.statistics()::toString);
            assertEquals(2, tunnel.statistics().openVisitors());

            // Closing one leaves the other, and the visitors that were accepted.
            acceptor.close();
            link.expect("CLOSE tcp/20417");
            link.visit(5, "tcp/20417", "late");
            link.expectFrame(window(5, RST, 0));
            link.say("CLOSED tcp/20417");
            acceptor.awaitEnd();
            assertThrows(SocketException.class, acceptor::accept);
            visitor.getOutputStream().write("still".getBytes(US_ASCII));
            link.expectData(1, "still");
            link.yamux.send(data(3, "here"));
            link.expectData(3, "here");
            assertEquals(List.of(forwarder.endpoint()), tunnel.endpoints());

            // A forwarder resets its visitors.
            Call<Void> closing = Call.run(forwarder::close);
            link.expect("CLOSE host/app.example.com");
            link.expectFrame(window(3, RST, 0));
            link.say("CLOSED host/app.example.com");
            closing.result();
            assertTrue(tunnel.isOpen());
            Call<Void> ending = Call.run(tunnel::close);
            link.expect("BYE");
            ending.result();
            assertEquals(List.of(tunnel), listener.ups);
        }
    }

    @Test
    void gracefulCloseOfOneWaitsForItsVisitors() throws Exception {
        try (RelayTunnel tunnel = open(GRANT)) {
            Link link = next();
            RelayForwarder forwarder = forward(tunnel, link, 5432);
            link.visit(1, "tcp/5432", "hello");
            link.expectData(1, "hello");
            Call<Boolean> closing = Call.of(() -> forwarder.close(Duration.ofHours(1)));
            link.expect("CLOSE tcp/5432");
            link.visit(3, "tcp/5432", "opened before"); // arrives after CLOSED
            link.say("CLOSED tcp/5432");
            link.expectData(3, "opened before");
            assertFalse(closing.isDone());
            link.yamux.send(window(1, FIN, 0), window(3, RST, 0));
            link.expectFrame(window(1, FIN, 0));
            assertTrue(closing.result());
            Call<Boolean> reset = Call.of(() -> tunnel.close(Duration.ZERO));
            link.lose();
            reset.result();
        }
    }

    private RelayForwarder forward(RelayTunnel tunnel, Link link, int port) throws IOException {
        Call<RelayForwarder> forwarding = Call.of(() -> tunnel.forward(Endpoint.port(port), local()));
        link.expect("OPEN tcp/" + port);
        link.say("OPENED tcp/" + port + " public=localhost:" + port);
        return forwarding.result();
    }

    // ---- UDP

    /** The server ends the visitors that it has when it has read BYE, but a client cannot rely on that. */
    @Test
    void closingTunnelTakesNoNewVisitorsOfUdpPorts() throws Exception {
        try (RelayTunnel tunnel = open(GRANT);
                DatagramSocket local = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            local.setSoTimeout((int) Await.DEADLINE.toMillis());
            Link link = next();
            link.answersBye = false;
            Call<RelayDatagramSocket> opening = Call.of(() -> tunnel.datagrams(Endpoint.udpPort(53)));
            link.expect("OPEN udp/53");
            link.say("OPENED udp/53 public=:53");
            RelayDatagramSocket socket = opening.result();
            socket.setSoTimeout((int) Await.DEADLINE.toMillis());
            Call<RelayForwarder> forwarding =
                    Call.of(() -> tunnel.forward(Endpoint.udpPort(54), local.getLocalSocketAddress()));
            link.expect("OPEN udp/54");
            link.say("OPENED udp/54 public=:54");
            forwarding.result();
            link.visitByUdp(1, "udp/53", "to the socket");
            link.visitByUdp(3, "udp/54", "to the service");
            assertEquals("to the socket", received(socket));
            assertEquals("to the service", received(local));

            Call<Boolean> closing = Call.of(() -> tunnel.close(Duration.ofHours(1)));
            link.expect("BYE");
            link.visitByUdp(5, "udp/53", "late");
            link.expectFrame(window(5, RST, 0));
            link.visitByUdp(7, "udp/54", "late");
            link.expectFrame(window(7, RST, 0));
            link.yamux.send(data(1, Link.datagram("more")), data(3, Link.datagram("and more")));
            assertEquals("more", received(socket));
            assertEquals("and more", received(local));
            link.yamux.send(window(1, RST, 0), window(3, RST, 0), window(2, FIN, 0));
            assertTrue(closing.result());
        }
    }

    private static String received(DatagramSocket socket) throws IOException {
        DatagramPacket packet = new DatagramPacket(new byte[100], 100);
        socket.receive(packet);
        return new String(packet.getData(), 0, packet.getLength(), US_ASCII);
    }

    // ---- refusals

    @Test
    void refusalEndsOnlyThisOne() throws Exception {
        try (RelayTunnel tunnel = open(GRANT)) {
            Link link = next();
            Call<RelayAcceptor> opening = Call.of(() -> tunnel.acceptor(Endpoint.port(22)));
            link.expect("OPEN tcp/22");
            link.say("REFUSED tcp/22 port-unavailable not a port of a port of yours");
            RelayRefusedException refused = opening.failure(RelayRefusedException.class);
            assertEquals("port-unavailable", refused.code());
            assertEquals("not a port of a port of yours", refused.detail());
            forward(tunnel, link, 5432);
            assertThrows(BindException.class, () -> tunnel.acceptor(Endpoint.port(5432)));
            assertThrows(IllegalArgumentException.class, () -> tunnel.acceptor(Endpoint.udpPort(53)));
        }
    }

    @Test
    void refusedEndpointIsRetriedIfItIsToBe() throws Exception {
        ServiceOptions retried = ServiceOptions.builder().retryFirst(true).build();
        try (RelayTunnel tunnel = open(GRANT)) {
            Link link = next();
            Call<RelayForwarder> forwarding = Call.of(() -> tunnel.forward(Endpoint.port(5432), local(), retried));
            for (String code : List.of("port-unavailable", "limit-reached", "internal")) {
                link.expect("OPEN tcp/5432");
                link.say("REFUSED tcp/5432 " + code + " not now");
            }
            script.answers.add(GRANT);
            link.lose();
            Link again = next();
            again.expect("OPEN tcp/5432");
            again.say("OPENED tcp/5432 public=:5432");
            assertTrue(forwarding.result().isOpen());

            Call<RelayForwarder> wrong = Call.of(() -> tunnel.forward(Endpoint.port(22), local(), retried));
            again.expect("OPEN tcp/22");
            again.say("REFUSED tcp/22 bad-request no");
            assertEquals(
                    "bad-request", wrong.failure(RelayRefusedException.class).code());

            Call<RelayForwarder> interrupted = Call.of(() -> tunnel.forward(Endpoint.port(23), local(), retried));
            again.expect("OPEN tcp/23");
            again.say("REFUSED tcp/23 port-unavailable not now");
            again.expect("OPEN tcp/23");
            interrupted.interrupt();
            interrupted.failure(InterruptedIOException.class);
            assertTrue(interrupted.endedInterrupted());
            assertEquals(1, tunnel.endpoints().size());

            Call<RelayForwarder> closed = Call.of(() -> tunnel.forward(Endpoint.port(24), local(), retried));
            again.expect("OPEN tcp/24");
            Call<Void> closing = Call.run(tunnel::close);
            again.lose();
            closed.failure(SocketException.class);
            closing.result();
        }
    }

    @Test
    void malformedAnswersAreProtocolErrors() throws Exception {
        try (RelayTunnel tunnel = open(GRANT)) {
            Link link = next();
            for (String answer : List.of(
                    "OPENED",
                    "OPENED tcp/0 public=:1",
                    "OPENED tcp/23 public=:23",
                    "OPENED udp/22 public=:22",
                    "OPENED tcp/22 public=a:b:c",
                    "OPENED tcp/22 public=:65536")) {
                Call<RelayAcceptor> opening = Call.of(() -> tunnel.acceptor(Endpoint.port(22)));
                link.expect("OPEN tcp/22");
                link.say(answer);
                String message = opening.failure(RelayProtocolException.class).getMessage();
                assertTrue(message.startsWith("the server's answer to OPEN tcp/22 is malformed: "), message);
            }
        }
    }

    @Test
    void serverThatDoesNotAnswerIsGivenUp() throws Exception {
        RelayClientOptions.Builder options = Local.hasty(listener).handshakeTimeout(Duration.ofMillis(200));
        try (RelayTunnel tunnel = open(options, GRANT)) {
            Link link = next();
            String why = assertThrows(RelayUnreachableException.class, () -> tunnel.acceptor(Endpoint.port(22)))
                    .getMessage();
            assertTrue(why.endsWith(" did not open tcp/22 within 0.2 s"), why);
            link.expect("OPEN tcp/22");
            link.say("OPENED tcp/22 public=:22"); // too late
            link.expect("CLOSE tcp/22");
            assertEquals(List.of(), tunnel.endpoints());
        }
    }

    /** It lasts until the server is gone, and its successor is there. */
    @Test
    void firstOpenIsRepeatedWhileTheServerDrains() throws Exception {
        RelayClientOptions.Builder options = Local.hasty(listener).handshakeTimeout(Duration.ofSeconds(1));
        try (RelayTunnel tunnel = open(options, GRANT)) {
            Link link = next();
            Call<RelayForwarder> forwarding = Call.of(() -> tunnel.forward(Endpoint.port(5432), local()));
            link.expect("OPEN tcp/5432");
            link.say("REFUSED tcp/5432 draining the server shuts down");
            link.expect("OPEN tcp/5432");
            link.say("OPENED tcp/5432 public=:5432");
            forwarding.result();
            Call<RelayForwarder> tooLong = Call.of(() -> tunnel.forward(Endpoint.port(22), local()));
            link.expect("OPEN tcp/22");
            link.say("REFUSED tcp/22 draining the server shuts down");
            assertEquals(
                    "draining", tooLong.failure(RelayRefusedException.class).code());
        }
    }

    @Test
    void connectionWithWrongAnswersOrNoneIsReplaced() throws Exception {
        try (RelayTunnel tunnel = open(GRANT)) {
            Link link = next();
            Call<RelayForwarder> forwarding = Call.of(() -> tunnel.forward(Endpoint.port(5432), local()));
            for (WireFrame wrong : List.of(
                    data(2, "CLOSED tcp/5432\n"),
                    data(2, "REFUSED tcp/22 port-unavailable taken\n"),
                    window(2, FIN, 0),
                    window(2, RST, 0))) {
                link.expect("OPEN tcp/5432");
                script.answers.add(GRANT);
                link.yamux.send(wrong);
                link = next(); // the client has closed the other one
            }
            link.expect("OPEN tcp/5432");
            link.say("OPENED tcp/5432 public=:5432");
            RelayForwarder forwarder = forwarding.result();
            Call<Void> closing = Call.run(forwarder::close);
            link.expect("CLOSE tcp/5432");
            script.answers.add(GRANT);
            link.say("CLOSED tcp/22");
            next();
            closing.result();
        }
    }

    // ---- streams that arrive before the answer

    @Test
    void streamsOfAnUnknownEndpointWaitForTheAnswer() throws Exception {
        try (RelayTunnel tunnel = open(GRANT)) {
            Link link = next();
            link.visit(1, "tcp/20417", "nobody asked");
            link.expectFrame(window(1, RST, 0));
            Call<RelayForwarder> forwarding = Call.of(() -> tunnel.forward(Endpoint.anyPort(), local()));
            link.expect("OPEN tcp/0 request=1");
            link.visit(3, "tcp/20417", "early");
            link.visit(5, "tcp/20418", "another");
            link.yamux.send(data(3, " and more"), window(3, FIN, 0));
            link.say("OPENED tcp/20417 public=:20417");
            link.expectFrame(window(5, RST, 0));
            link.expectData(3, "early and more");
            forwarding.result();
        }
    }

    @Test
    void numberOfStreamsThatWaitIsBounded() throws Exception {
        try (RelayTunnel tunnel = open(GRANT)) {
            Link link = next();
            Call<RelayAcceptor> opening = Call.of(() -> tunnel.acceptor(Endpoint.anyPort()));
            link.expect("OPEN tcp/0 request=1");
            for (int i = 0; i <= HeldStreams.MOST; i++) link.visit(2 * i + 1, "tcp/20417", "");
            link.expectFrame(window(2 * HeldStreams.MOST + 1, RST, 0));
            link.say("OPENED tcp/20417 public=:20417");
            RelayAcceptor acceptor = opening.result();
            for (int i = 0; i < HeldStreams.MOST; i++) acceptor.accept();
        }
    }

    @Tag("slow") // two seconds of timeouts
    @Test
    void timeThatStreamsWaitIsBounded() throws Exception {
        RelayClientOptions.Builder options = Local.hasty(listener).handshakeTimeout(Duration.ofSeconds(1));
        try (RelayTunnel tunnel = open(options, GRANT)) {
            Link link = next();
            Call<RelayAcceptor> opening = Call.of(() -> tunnel.acceptor(Endpoint.anyPort()));
            link.expect("OPEN tcp/0 request=1");
            link.visit(1, "tcp/20417", "early");
            opening.failure(RelayUnreachableException.class);
            link.expectFrame(window(1, RST, 0));
            link.say("REFUSED tcp/0 no-port-free none");
            forward(tunnel, link, 5432);
            script.answers.add(GRANT);
            link.lose();
            Link again = next();
            again.expect("OPEN tcp/5432");
            again.visit(1, "tcp/20417", "early");
            again.expectFrame(window(1, RST, 0));
            again.say("OPENED tcp/5432 public=:5432");
            again.visit(3, "tcp/5432", "echo");
            again.expectData(3, "echo");
        }
    }

    // ---- health

    /** Each check takes a place in the backlog of a service that accepts nothing. */
    @Test
    void fullBacklogOfAUnixSocketIsAFailedCheck(@TempDir Path folder) throws Exception {
        UnixDomainSocketAddress local = UnixDomainSocketAddress.of(folder.resolve("s"));
        HealthCheck check = HealthCheck.tcp().interval(Duration.ofMillis(10)).thresholds(1, 1);
        try (ServerSocketChannel stuck = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
                RelayTunnel tunnel = open(GRANT)) {
            stuck.bind(local, 1);
            Link link = next();
            ServiceOptions options = ServiceOptions.builder().healthCheck(check).build();
            Call<RelayForwarder> forwarding = Call.of(() -> tunnel.forward(Endpoint.port(80), local, options));
            link.expect("OPEN tcp/80");
            link.say("OPENED tcp/80 public=:80");
            forwarding.result();
            link.expect("READY tcp/80 no");
            stuck.accept().close();
            link.expect("READY tcp/80 yes");
        }
    }

    @Test
    void endpointIsWithdrawnWhileItsServiceIsDown() throws Exception {
        HealthCheck check = HealthCheck.tcp().interval(Duration.ofMillis(10)).thresholds(2, 1);
        try (RelayTunnel tunnel = open(GRANT)) {
            Link link = next();
            ServiceOptions options = ServiceOptions.builder().healthCheck(check).build();
            Call<RelayForwarder> forwarding = Call.of(() -> tunnel.forward(Endpoint.port(5432), local(), options));
            link.expect("OPEN tcp/5432");
            link.say("OPENED tcp/5432 public=:5432");
            forwarding.result();
            Await.until("it is checked", () -> service.connected() > 1);
            int port = service.port();
            service.close();
            link.expect("READY tcp/5432 no");
            script.answers.add(GRANT);
            link.lose();
            Link again = next();
            again.expect("OPEN tcp/5432");
            again.say("OPENED tcp/5432 public=:5432");
            again.expect("READY tcp/5432 no");
            service = FakeServer.start(InetAddress.getLoopbackAddress(), port, FakeServer::echo);
            again.expect("READY tcp/5432 yes");
        }
    }

    @Test
    void serviceIsDownWhenItAnswersWithAnError() throws Exception {
        AtomicReference<String> status = new AtomicReference<>("HTTP/1.1 200 OK");
        List<String> asked = new CopyOnWriteArrayList<>();
        HealthCheck check =
                HealthCheck.http("/health").interval(Duration.ofMillis(10)).thresholds(1, 2);
        try (FakeServer web = FakeServer.start(connection -> {
                    byte[] request = connection.getInputStream().readNBytes(20);
                    asked.add(new String(request, US_ASCII));
                    connection.getOutputStream().write((status.get() + "\r\n\r\n").getBytes(US_ASCII));
                });
                RelayTunnel tunnel = open(GRANT)) {
            Link link = next();
            ServiceOptions options = ServiceOptions.builder().healthCheck(check).build();
            InetSocketAddress local = new InetSocketAddress(InetAddress.getLoopbackAddress(), web.port());
            Call<RelayForwarder> forwarding = Call.of(() -> tunnel.forward(Endpoint.port(80), local, options));
            link.expect("OPEN tcp/80");
            link.say("OPENED tcp/80 public=:80");
            forwarding.result();
            Await.until("it is checked", () -> asked.size() > 1);
            status.set("HTTP/1.1 503 Service Unavailable");
            link.expect("READY tcp/80 no");
            status.set("HTTP/1.0 204");
            link.expect("READY tcp/80 yes");
            assertEquals("GET /health HTTP/1.0", asked.get(0));
        }
    }

    @Test
    void healthChecksHaveBounds() {
        assertThrows(IllegalArgumentException.class, () -> HealthCheck.http("health"));
        assertThrows(IllegalArgumentException.class, () -> HealthCheck.http("/a b"));
        assertThrows(IllegalArgumentException.class, () -> HealthCheck.tcp().interval(Duration.ofMillis(9)));
        assertThrows(IllegalArgumentException.class, () -> HealthCheck.tcp().interval(Duration.ofHours(2)));
        assertThrows(IllegalArgumentException.class, () -> HealthCheck.tcp().timeout(Duration.ZERO));
        assertThrows(IllegalArgumentException.class, () -> HealthCheck.tcp().thresholds(0, 1));
        assertThrows(IllegalArgumentException.class, () -> HealthCheck.tcp().thresholds(1, 101));
    }

    // ---- another connection

    @Test
    void endpointsAreOpenedAgainAfterALoss() throws Exception {
        try (RelayTunnel tunnel = open(GRANT)) {
            Link link = next();
            Call<RelayAcceptor> opening = Call.of(() -> tunnel.acceptor(Endpoint.anyPort()));
            link.expect("OPEN tcp/0 request=1");
            link.say("OPENED tcp/20417 public=:20417");
            RelayAcceptor acceptor = opening.result();
            RelayForwarder forwarder = forward(tunnel, link, 5432);
            script.answers.add("ERR lease-unknown gone");
            script.answers.add(GRANT);
            link.lose();
            Link again = next();
            again.expect("OPEN tcp/20417");
            again.expect("OPEN tcp/5432");
            again.say("REFUSED tcp/20417 port-unavailable taken", "REFUSED tcp/5432 port-unavailable taken");
            again.expect("OPEN tcp/0 request=1"); // the server may choose
            again.say("OPENED tcp/20500 public=:20500");
            again.expect("OPEN tcp/5432"); // after a pause
            again.say("OPENED tcp/5432 public=:5432");
            Await.until("both are open", () -> acceptor.isOpen() && forwarder.isOpen());
            assertEquals(Endpoint.port(20500), acceptor.endpoint());
            assertEquals(20500, acceptor.getLocalPort());
            Await.until("it is reported", () -> listener.moved.equals(List.of(acceptor)));
            again.visit(1, "tcp/20500", "hello");
            acceptor.accept();
            again.visit(3, "tcp/5432", "echo");
            again.expectData(3, "echo");
            again.visit(5, "tcp/20417", "old");
            again.expectFrame(window(5, RST, 0));
        }
    }

    @Test
    void sharedServiceThatIsDownIsWithdrawnBehindItsOpen() throws Exception {
        ServiceOptions shared = ServiceOptions.builder().share(true).build();
        FakeServer down = FakeServer.echoing();
        InetSocketAddress local = new InetSocketAddress(InetAddress.getLoopbackAddress(), down.port());
        down.close();
        try (RelayTunnel tunnel = open(GRANT)) {
            Link link = next();
            Call<RelayForwarder> forwarding = Call.of(() -> tunnel.forward(Endpoint.port(80), local, shared));
            link.expect("OPEN tcp/80 share");
            link.expect("READY tcp/80 no");
            link.say("OPENED tcp/80 share public=:80");
            forwarding.result();
            script.answers.add(GRANT);
            link.lose();
            Link again = next();
            again.expect("OPEN tcp/80 share");
            again.expect("READY tcp/80 no");
            try (FakeServer up = FakeServer.start(local.getAddress(), local.getPort(), FakeServer::echo)) {
                again.say("OPENED tcp/80 share public=:80");
                again.expect("READY tcp/80 yes");
                again.visit(1, "tcp/80", "echo");
                again.expectData(1, "echo");
                assertTrue(up.connected() > 0);
            }
            again.visit(3, "tcp/80", "echo");
            again.expect("READY tcp/80 no");
        }
    }

    @Test
    void endpointThatIsNotSharedYetIsRetriedIfItIsToBe() throws Exception {
        ServiceOptions shared =
                ServiceOptions.builder().share(true).retryFirst(true).build();
        try (RelayTunnel tunnel = open(GRANT)) {
            Link link = next();
            Call<RelayForwarder> forwarding = Call.of(() -> tunnel.forward(Endpoint.port(80), local(), shared));
            link.expect("OPEN tcp/80 share");
            link.say("OPENED tcp/80 public=:80");
            link.expect("CLOSE tcp/80");
            link.say("CLOSED tcp/80");
            link.expect("OPEN tcp/80 share");
            link.say("OPENED tcp/80 share public=:80");
            assertTrue(forwarding.result().isOpen());
        }
    }

    @Tag("slow") // a second until the answer counts as lost
    @Test
    void connectionWithoutAnAnswerIsReplacedForAnEndpointThatIsRetried() throws Exception {
        ServiceOptions retried = ServiceOptions.builder().retryFirst(true).build();
        RelayClientOptions.Builder options = Local.hasty(listener).handshakeTimeout(Duration.ofSeconds(1));
        try (RelayTunnel tunnel = open(options, GRANT)) {
            Link link = next();
            Call<RelayForwarder> forwarding = Call.of(() -> tunnel.forward(Endpoint.port(80), local(), retried));
            link.expect("OPEN tcp/80");
            script.answers.add(GRANT);
            Link again = next(); // the client has closed the other one
            again.expect("OPEN tcp/80");
            again.say("OPENED tcp/80 public=:80");
            assertTrue(forwarding.result().isOpen());
        }
    }

    /** The first time, it would be a refusal. */
    @Test
    void endpointThatIsNoLongerSharedStays() throws Exception {
        ServiceOptions shared = ServiceOptions.builder().share(true).build();
        try (Logged log = Logged.below("org.relay4j.client");
                RelayTunnel tunnel = open(GRANT)) {
            Link link = next();
            Call<RelayForwarder> forwarding = Call.of(() -> tunnel.forward(Endpoint.port(80), local(), shared));
            link.expect("OPEN tcp/80 share");
            link.say("OPENED tcp/80 share public=:80");
            RelayForwarder forwarder = forwarding.result();
            script.answers.add(GRANT);
            link.lose();
            Link again = next();
            again.expect("OPEN tcp/80 share");
            again.say("OPENED tcp/80 public=:80");
            log.await("tcp/80 is open for this tunnel alone: the server does not let it be shared");
            again.visit(1, "tcp/80", "echo");
            again.expectData(1, "echo");
            assertTrue(forwarder.isOpen());
        }
    }

    @Test
    void backoffBeginsAgainWhenAnEndpointWasOpen() throws Exception {
        RelayClientOptions.Builder options =
                Local.hasty(listener).backoff(Duration.ofMillis(10), Duration.ofSeconds(10));
        try (Logged log = Logged.below("org.relay4j.client");
                RelayTunnel tunnel = open(options, GRANT)) {
            Link link = next();
            forward(tunnel, link, 5432);
            for (int refusals : List.of(3, 1)) {
                script.answers.add(GRANT);
                link.lose();
                link = next();
                for (int i = 0; i < refusals; i++) {
                    link.expect("OPEN tcp/5432");
                    link.say("REFUSED tcp/5432 port-unavailable taken");
                }
                link.expect("OPEN tcp/5432");
                link.say("OPENED tcp/5432 public=:5432");
            }
            List<Integer> pauses = log.lines().stream()
                    .filter(line -> line.contains("next attempt in ") && line.contains("port-unavailable"))
                    .map(line -> Integer.valueOf(line.replaceAll(".*next attempt in (\\d+) ms", "$1")))
                    .toList();
            assertEquals(4, pauses.size(), pauses::toString);
            assertTrue(pauses.get(2) >= 20 && pauses.get(3) <= 10, pauses::toString);
        }
    }

    // ---- several connections

    private static final String JOINED = "OK port=none visitor-address connection=1 drain";

    @Test
    void closeThatIsLostIsRepeatedOnAnotherConnection() throws Exception {
        try (Logged log = Logged.below("org.relay4j.client");
                RelayTunnel tunnel = open(Local.hasty(listener).connections(2), GRANT, JOINED)) {
            Link one = next();
            Link two = next();
            log.await("another connection");
            RelayForwarder forwarder = forward(tunnel, one, 5432);
            Call<Void> closing = Call.run(forwarder::close);
            one.expect("CLOSE tcp/5432");
            one.lose();
            two.expect("CLOSE tcp/5432");
            two.say("CLOSED tcp/5432");
            closing.result();
            forwarder.awaitEnd();
        }
    }

    @Tag("slow") // a second until the answer counts as lost
    @Test
    void endpointWhoseAnswerIsLostIsClosedOnAnotherConnection() throws Exception {
        RelayClientOptions.Builder options =
                Local.hasty(listener).connections(2).handshakeTimeout(Duration.ofSeconds(1));
        try (Logged log = Logged.below("org.relay4j.client");
                RelayTunnel tunnel = open(options, GRANT, JOINED)) {
            Link one = next();
            Link two = next();
            log.await("another connection");
            assertThrows(RelayUnreachableException.class, () -> tunnel.acceptor(Endpoint.port(22)));
            one.expect("OPEN tcp/22");
            one.lose();
            two.expect("CLOSE tcp/22");
        }
    }

    /** With its number, so that the server does not open a second port. */
    @Test
    void openWhoseAnswerIsLostIsRepeatedOnAnotherConnection() throws Exception {
        try (Logged log = Logged.below("org.relay4j.client");
                RelayTunnel tunnel = open(Local.hasty(listener).connections(2), GRANT, JOINED)) {
            Link one = next();
            Link two = next();
            log.await("another connection");
            Call<RelayAcceptor> opening = Call.of(() -> tunnel.acceptor(Endpoint.anyPort()));
            one.expect("OPEN tcp/0 request=1");
            one.lose();
            two.expect("OPEN tcp/0 request=1");
            two.say("OPENED tcp/20417 public=:20417");
            assertEquals(Endpoint.port(20417), opening.result().endpoint());
        }
    }

    @Test
    void anyPortWhoseAnswerIsLostIsClosedOnAnotherConnection() throws Exception {
        RelayClientOptions.Builder options =
                Local.hasty(listener).connections(2).handshakeTimeout(Duration.ofSeconds(1));
        try (Logged log = Logged.below("org.relay4j.client");
                RelayTunnel tunnel = open(options, GRANT, JOINED)) {
            Link one = next();
            Link two = next();
            log.await("another connection");
            assertThrows(RelayUnreachableException.class, () -> tunnel.acceptor(Endpoint.anyPort()));
            one.expect("OPEN tcp/0 request=1");
            one.lose();
            two.expect("OPEN tcp/0 request=1");
            two.say("OPENED tcp/20417 public=:20417");
            two.expect("CLOSE tcp/20417");
        }
    }

    @Test
    void endpointsAreKeptInTheLeaseFile(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("lease");
        RelayClientOptions.Builder options = Local.hasty(listener).leaseFile(file);
        ServiceOptions web = ServiceOptions.builder().name("web").build();
        try (RelayTunnel tunnel = open(options, GRANT)) {
            Link link = next();
            Call<RelayForwarder> first = Call.of(() -> tunnel.forward(Endpoint.anyPort(), local(), web));
            link.expect("OPEN tcp/0 request=1");
            link.say("OPENED tcp/20417 public=:20417");
            first.result();
            Call<RelayForwarder> second = Call.of(() -> tunnel.forward(Endpoint.anyHost(), local()));
            link.expect("OPEN host/0 request=2");
            link.say("OPENED host/abc.relay.example.com public=abc.relay.example.com");
            second.result();
            Await.until(
                    "both are kept",
                    () -> Files.readString(file)
                            .endsWith("endpoint host/0 host/abc.relay.example.com\nendpoint web tcp/20417\n"));
        }
        try (RelayTunnel tunnel = open(options, "OK port=none visitor-address lease=t.two ttl=30 connection=1 drain")) {
            assertTrue(script.requests.get(1).contains(" resume=t.one "), script.requests::toString);
            Link link = next();
            Call<RelayForwarder> second = Call.of(() -> tunnel.forward(Endpoint.anyHost(), local()));
            link.expect("OPEN host/abc.relay.example.com");
            link.say("OPENED host/abc.relay.example.com public=abc.relay.example.com");
            second.result();
            Call<RelayForwarder> first = Call.of(() -> tunnel.forward(Endpoint.anyPort(), local(), web));
            link.expect("OPEN tcp/20417");
            link.say("REFUSED tcp/20417 port-unavailable taken");
            link.expect("OPEN tcp/0 request=2");
            link.say("OPENED tcp/20500 public=:20500");
            assertEquals(Endpoint.port(20500), first.result().endpoint());
        }
    }
}
