package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.ACK;
import static org.relay4j.testing.WireFrame.RST;
import static org.relay4j.testing.WireFrame.SYN;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.testing.FakeServer;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.ScriptedPeer;
import org.relay4j.testing.SocketByteChannel;
import org.relay4j.testing.WireFrame;

/** A client whose server is silent, and lets another connection join. The server follows a script. */
@Tag("slow")
@ExtendWith(LeakCheck.EachTest.class)
class SeenVisitorsTest {
    private final Recorder recorder = new Recorder();
    private final ServerScript script = new ServerScript();
    private FakeServer service;
    private FakeServer server;

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

    /** The order matters: what the client has said that it will not accept may be served on the other connection. */
    @Test
    void clientSaysWhatItHasSeenAndAcceptsNoMoreOnTheOldConnection() throws Exception {
        script.answers.add("OK port=4532 lease=t.one ttl=30 connection=7 drain seen");
        script.answers.add("OK port=4532 connection=8 drain seen");
        try (RelayForwarder forwarder = forward();
                ScriptedPeer first = begin(script.established.take())) {
            first.send(WireFrame.window(1, SYN, 0), WireFrame.data(1, "one"));
            expectEcho(first, 1, "one");
            first.send(WireFrame.window(5, SYN, 0)); // ids may have gaps
            awaitFrame(first, WireFrame.window(5, ACK, 0));
            try (ScriptedPeer second = begin(script.established.take())) { // the first one is silent
                assertEquals("RELAY/1 join=t.one drain", script.requests.get(1));
                awaitFrame(second, WireFrame.data(2, "SEEN connection=7 last=5\n"));
                first.send(WireFrame.window(7, SYN, 0), WireFrame.data(7, "late"));
                awaitFrame(first, WireFrame.window(7, RST, 0));
                first.send(WireFrame.data(1, "more"));
                expectEcho(first, 1, "more");
                second.send(WireFrame.window(1, SYN, 0), WireFrame.data(1, "late"));
                expectEcho(second, 1, "late");
                assertTrue(forwarder.isOpen());
                assertEquals(1, recorder.events().size(), "the tunnel was up all the time");
            }
        }
    }

    @Test
    void oldConnectionAcceptsWhatIsOnTheWayIfTheServerDoesNotKnowTheLine() throws Exception {
        script.answers.add("OK port=4532 lease=t.one ttl=30 connection=0 drain");
        script.answers.add("OK port=4532 connection=1 drain");
        try (RelayForwarder forwarder = forward();
                ScriptedPeer first = begin(script.established.take());
                ScriptedPeer second = begin(script.established.take())) {
            first.send(WireFrame.window(1, SYN, 0), WireFrame.data(1, "late"));
            expectEcho(first, 1, "late");
            second.expectNothing();
            assertTrue(forwarder.isOpen());
        }
    }

    private RelayForwarder forward() throws IOException {
        InetSocketAddress local = InetSocketAddress.createUnresolved("localhost", service.port());
        return RelayClient.forward(
                "localhost", server.port(), local, Local.hasty(recorder).build());
    }

    /** The script of a connection, whose client has opened its control stream. */
    private static ScriptedPeer begin(Socket socket) throws IOException {
        ScriptedPeer peer = new ScriptedPeer(new SocketByteChannel(socket));
        awaitFrame(peer, WireFrame.window(2, SYN, 0));
        return peer;
    }

    private static void awaitFrame(ScriptedPeer peer, WireFrame expected) throws IOException {
        while (!peer.next().equals(expected)) {
            // pings and acknowledgements come before it
        }
    }

    private static void expectEcho(ScriptedPeer peer, int id, String text) throws IOException {
        awaitFrame(peer, WireFrame.data(id, text));
    }
}
