package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import jdk.jfr.Recording;
import jdk.jfr.RecordingState;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.api.recording.Recorder;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.FakeServer;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Visitor;
import org.relay4j.yamux.io.Stalls;

/** What Java's flight recorder sees of tunnels, visitors and stalls. */
@ExtendWith(LeakCheck.EachTest.class)
class FlightRecorderTest {
    private static final int MORE_THAN_A_WINDOW = 32 << 20; // bytes; and more than the kernel's buffers take

    @TempDir
    Path folder;

    private RelayServer server;
    private final Recording recording = new Recording();

    @BeforeEach
    void start() throws IOException {
        server = Local.server();
        recording.enable("org.relay4j.Tunnel");
        recording.enable("org.relay4j.Visitor");
        recording.enable("org.relay4j.Stall").withThreshold(Duration.ZERO);
        recording.start();
    }

    @AfterEach
    void stop() {
        recording.close();
        server.close();
    }

    /** Ends the recording. */
    private List<RecordedEvent> recorded(String name) throws IOException {
        Await.until("the first events are recorded, too", Recorder::isReady);
        if (recording.getState() == RecordingState.RUNNING) recording.stop(); // a dump while it runs may lack strings
        Path file = Files.createTempFile(folder, "recording", ".jfr");
        recording.dump(file);
        return RecordingFile.readAllEvents(file).stream()
                .filter(event -> event.getEventType().getName().equals(name))
                .toList();
    }

    @Test
    void tunnelAndVisitorOfBothEnds() throws IOException {
        int port;
        try (FakeServer service = FakeServer.echoing();
                RelayForwarder forwarder = RelayClient.forward(
                        "localhost", server.port(), new InetSocketAddress("localhost", service.port()))) {
            port = forwarder.publicAddress().getPort();
            try (Socket visitor = Visitor.connect(port)) {
                Visitor.send(visitor, "hello");
                Visitor.expect(visitor, "hello");
                visitor.shutdownOutput();
                Visitor.expectEnd(visitor);
            }
            Await.until("the visitor has left", () -> forwarder.statistics().openVisitors() == 0);
        }
        Await.until("the tunnel is gone", () -> server.tunnelCount() == 0);
        List<RecordedEvent> visitors = recorded("org.relay4j.Visitor");
        assertEquals(2, visitors.size(), visitors::toString); // one of the server, one of the forwarder
        for (RecordedEvent visitor : visitors) {
            assertEquals(5, visitor.getLong("bytesIn"));
            assertEquals(5, visitor.getLong("bytesOut"));
            assertEquals("", visitor.getString("cause"));
            assertTrue(visitor.getDuration("connected").toNanos() > 0);
            assertTrue(visitor.getString("tunnel").contains(String.valueOf(port)), visitor::toString);
        }
        List<RecordedEvent> tunnels = recorded("org.relay4j.Tunnel").stream() // that of another test may end late
                .filter(tunnel -> tunnel.getString("tunnel").contains(String.valueOf(port)))
                .toList();
        assertEquals(2, tunnels.size(), tunnels::toString);
        assertTrue(tunnels.stream().anyMatch(tunnel -> tunnel.getString("cause").isEmpty()), tunnels::toString);
        for (RecordedEvent tunnel : tunnels) {
            assertTrue(tunnel.getDuration("up").toNanos() > 0);
        }
    }

    @Test
    void visitorThatWasResetHasACause() throws IOException {
        try (RelayAcceptor acceptor = RelayClient.connect("localhost", server.port());
                Socket visitor = Visitor.connect(acceptor.getLocalPort());
                Socket accepted = acceptor.accept()) {
            Visitor.reset(visitor);
            Visitor.expectReset(accepted);
            Await.until("it has left", () -> acceptor.statistics().openVisitors() == 0);
            List<RecordedEvent> visitors = recorded("org.relay4j.Visitor");
            assertEquals(2, visitors.size(), visitors::toString);
            for (RecordedEvent event : visitors)
                assertTrue(!event.getString("cause").isEmpty(), event::toString);
        }
    }

    @Test
    @Tag("slow")
    void stallsOfTheServerAndOfAnApplicationThatWrites() throws IOException {
        try (RelayAcceptor acceptor = RelayClient.connect("localhost", server.port());
                Socket visitor = Visitor.connect(acceptor.getLocalPort());
                Socket accepted = acceptor.accept()) {
            Call<Void> first = Call.run(() -> visitor.getOutputStream().write(new byte[MORE_THAN_A_WINDOW]));
            Await.until("stalls are recorded", Stalls::isReady);
            accepted.getInputStream().readNBytes(MORE_THAN_A_WINDOW);
            first.result();
            Call<Void> up = Call.run(() -> visitor.getOutputStream().write(new byte[MORE_THAN_A_WINDOW]));
            // Less than the window: the credit of the last bytes may not have been returned yet.
            Await.until(
                    "the visitor's bytes wait", () -> accepted.getInputStream().available() >= 128 * 1024);
            accepted.getInputStream().readNBytes(MORE_THAN_A_WINDOW);
            up.result();
            Call<Void> down = Call.run(() -> accepted.getOutputStream().write(new byte[MORE_THAN_A_WINDOW]))
                    .awaitBlocked();
            visitor.getInputStream().readNBytes(MORE_THAN_A_WINDOW);
            down.result();
            Visitor.reset(visitor); // an end that is recorded
            List<RecordedEvent> stalls = recorded("org.relay4j.Stall");
            assertTrue(stalls.stream().anyMatch(stall -> stall.getThread() != null), stalls::toString);
            assertTrue(stalls.size() >= 2, stalls::toString);
            for (RecordedEvent stall : stalls) {
                assertEquals(1, stall.getLong("stream"));
                assertTrue(List.of("window", "output").contains(stall.getString("waitedFor")), stall::toString);
            }
        }
    }

    @Test
    void nothingIsRecordedWithoutARecording() throws IOException {
        recording.disable("org.relay4j.Visitor");
        try (RelayAcceptor acceptor = RelayClient.connect("localhost", server.port())) {
            Visitor.connect(acceptor.getLocalPort()).close();
            acceptor.accept().close();
            Await.until("it has left", () -> acceptor.statistics().openVisitors() == 0);
            assertEquals(List.of(), recorded("org.relay4j.Visitor"));
        }
    }
}
