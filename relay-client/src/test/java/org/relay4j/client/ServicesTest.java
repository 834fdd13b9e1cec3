package org.relay4j.client;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.relay4j.testing.WireFrame.RST;
import static org.relay4j.testing.WireFrame.window;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.api.Endpoint;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.FakeServer;
import org.relay4j.testing.LeakCheck;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.StreamHandler;

/** The endpoints of a tunnel with services of these tests, and a server that follows a script. */
@ExtendWith(LeakCheck.EachTest.class)
class ServicesTest {
    private static final String GRANT = "OK port=none visitor-address lease=t.one ttl=30 connection=0 drain";

    private final ServerScript script = new ServerScript();
    private FakeServer server;
    private Services services;
    private Link link;

    @BeforeEach
    void start() throws Exception {
        server = FakeServer.start(script::serve);
        script.answers.add(GRANT);
        InetSocketAddress address = InetSocketAddress.createUnresolved("localhost", server.port());
        services = new Services(address, Local.hasty(new Recorder()).build().forSeveralEndpoints(), null);
        services.tunnel().connect();
        services.tunnel().announce();
        link = next();
    }

    @AfterEach
    void stop() throws Exception {
        services.end();
        services.tunnel().closeNow();
        server.close();
        services.tunnel().awaitEnd();
    }

    private Link next() throws Exception {
        Socket next = script.established.poll(Await.DEADLINE.toMillis(), TimeUnit.MILLISECONDS);
        assertNotNull(next, "the client does not connect");
        return new Link(next);
    }

    private Visits visits(OpenVisitors visitors) {
        return new Visits(services.tunnel().events(), visitors);
    }

    private void open(String endpoint, Service service, Visits visits, OpenVisitors visitors) throws Exception {
        ServedEndpoint served = new ServedEndpoint(
                services,
                Endpoint.parse(endpoint),
                endpoint,
                ServiceOptions.defaults(),
                new ServedEndpoint.Parts(service, visits, visitors));
        Call<Void> opening = Call.run(() -> services.open(served));
        link.expect("OPEN " + endpoint);
        link.say("OPENED " + endpoint + " public=:1");
        opening.result();
    }

    // ---- names of local services

    /** A service whose host may be slow to resolve. */
    private static final class Slow implements Service {
        final CountDownLatch begun = new CountDownLatch(1);
        final CountDownLatch released;

        Slow(int times) {
            released = new CountDownLatch(times);
        }

        @Override
        public StreamHandler begin(ServiceConnection on, MuxStream stream, VisitorHeader header) {
            return null;
        }

        @Override
        public void prepare() {
            begun.countDown();
            Await.until("it is resolved", released);
        }
    }

    @Test
    void slowResolutionDelaysNeitherAReconnectNorOtherServices() throws Exception {
        Slow slow = new Slow(1);
        Slow other = new Slow(0);
        OpenVisitors none = new OpenVisitors();
        open("tcp/1", slow, visits(none), none);
        open("tcp/2", other, visits(none), none);
        try {
            script.answers.add(GRANT);
            link.lose();
            Link again = next();
            again.expect("OPEN tcp/1");
            again.expect("OPEN tcp/2");
            Await.until("the first is resolved", slow.begun);
            Await.until("the second is resolved", other.begun);
        } finally {
            slow.released.countDown();
        }
    }

    // ---- bounds of UDP

    @Test
    void visitorsOfADatagramSocketAreBounded() throws Exception {
        OpenVisitors visitors = new OpenVisitors();
        Visits visits = visits(visitors);
        DatagramVisitors service = new DatagramVisitors(visits, 2);
        open("udp/53", service, visits, visitors);
        link.visitByUdp(1, "udp/53", "one");
        link.visitByUdp(3, "udp/53", "two");
        assertEquals("one", text(service));
        assertEquals("two", text(service));
        link.visitByUdp(5, "udp/53", "too many");
        link.expectFrame(window(5, RST, 0));
        link.yamux.send(window(1, RST, 0));
        link.visitByUdp(7, "udp/53", "there is room");
        assertEquals("there is room", text(service));
        assertEquals(2, service.present());
        assertEquals(65_536, DatagramVisitors.MOST);
        service.close();
    }

    private static String text(DatagramVisitors service) throws IOException {
        return new String(service.receive((int) Await.DEADLINE.toMillis()).bytes(), US_ASCII);
    }

    @Test
    void visitorsOfAUdpServiceAreBounded() throws Exception {
        OpenVisitors visitors = new OpenVisitors();
        Visits visits = visits(visitors);
        try (DatagramSocket local = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            local.setSoTimeout((int) Await.DEADLINE.toMillis());
            LocalTarget target = LocalTarget.of(local.getLocalSocketAddress());
            target.prepare();
            DatagramForwardService service = new DatagramForwardService(target, visits, 2);
            open("udp/53", service, visits, visitors);
            link.visitByUdp(1, "udp/53", "one");
            assertEquals("one", text(local));
            link.visitByUdp(3, "udp/53", "two");
            assertEquals("two", text(local));
            link.visitByUdp(5, "udp/53", "too many");
            link.expectFrame(window(5, RST, 0));
            link.yamux.send(window(1, RST, 0));
            link.visitByUdp(7, "udp/53", "there is room");
            assertEquals("there is room", text(local));
            assertEquals(2, service.present());
            assertEquals(4_096, DatagramForwardService.MOST);
        }
    }

    private static String text(DatagramSocket local) throws IOException {
        DatagramPacket packet = new DatagramPacket(new byte[100], 100);
        local.receive(packet);
        return new String(packet.getData(), 0, packet.getLength(), US_ASCII);
    }
}
