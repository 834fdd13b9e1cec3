package org.relay4j.server.peer;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.server.cluster.NodeInfo;
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.ScriptedPeer;
import org.relay4j.testing.Visitor;
import org.relay4j.testing.WireFrame;

/** The links of a node, against a scripted node. */
@Tag("slow")
@ExtendWith(LeakCheck.EachTest.class)
class PeerLinksTest {
    @TempDir
    private Path folder;

    private PeerKeys keys;
    private ScriptedNode node;
    private EntryNode entry;

    @BeforeEach
    void start() throws IOException {
        keys = new PeerKeys(folder);
        keys.add("c", "relay://test/c");
        begin("b");
    }

    /** @param certificate that the node shows */
    private void begin(String certificate) throws IOException {
        node = new ScriptedNode(keys.context(certificate));
        entry = new EntryNode(keys.tls("a"));
        entry.answers = true;
        entry.links.node(node.info());
    }

    @AfterEach
    void stop() throws IOException {
        entry.close();
        node.close();
    }

    /** A visitor that has sent a text. */
    private Socket visitor() throws IOException {
        Socket visitor = entry.visitor();
        Visitor.send(visitor, "unread");
        return visitor;
    }

    /** Expects that the visitor has come back, and nothing was read from it. */
    private void expectElsewhere(Socket visitor, String why) throws IOException {
        entry.await("elsewhere: " + why);
        Visitor.expect(visitor, "unread");
        visitor.close();
    }

    private String link(String why) {
        InetSocketAddress address = node.info().peerAddress();
        return "link to node b at 127.0.0.1:" + address.getPort() + why;
    }

    private static WireFrame header(ScriptedPeer peer, int id) throws IOException {
        WireFrame frame = peer.next();
        while (!frame.isData()) {
            if (frame.isPing()) peer.send(WireFrame.ping(WireFrame.ACK, frame.length()));
            frame = peer.next();
        }
        assertEquals(id, frame.id());
        return frame;
    }

    @Test
    void theVisitorIsNotReadBeforeTheAcknowledgement() throws IOException {
        try (Socket visitor = visitor();
                ScriptedPeer peer = node.link()) {
            WireFrame header = header(peer, 1);
            assertTrue(header.length() < 100);
            peer.skipAll(1); // an answer to our ping, and no data before it
            peer.send(WireFrame.window(1, WireFrame.ACK, 0));
            assertEquals("unread", new String(peer.expectData(1, 6), US_ASCII));
            peer.send(WireFrame.data(1, WireFrame.FIN, "reply".getBytes(US_ASCII)));
            Visitor.expect(visitor, "reply");
            Visitor.expectEnd(visitor);
        }
    }

    @Test
    void aNodeMaySpeakFirst() throws IOException {
        try (Socket visitor = entry.visitor();
                ScriptedPeer peer = node.link()) {
            header(peer, 1);
            peer.send(WireFrame.data(1, WireFrame.ACK, "banner".getBytes(US_ASCII)));
            Visitor.expect(visitor, "banner");
        }
    }

    @Test
    void noAnswerWithinASecondMeansElsewhere() throws IOException {
        Thread answering;
        try (Socket visitor = visitor();
                ScriptedPeer peer = node.link()) {
            header(peer, 1);
            answering = answerPings(peer);
            expectElsewhere(visitor, link(": the peer did not acknowledge the stream in time"));
            assertTrue(entry.links.isUp("b"));
        }
        join(answering);
    }

    /** Answers pings until the connection ends. */
    private static Thread answerPings(ScriptedPeer peer) {
        Thread answering = new Thread(() -> {
            try {
                while (true) {
                    WireFrame frame = peer.next();
                    if (frame.isPing()) peer.send(WireFrame.ping(WireFrame.ACK, frame.length()));
                }
            } catch (IOException e) {
                // the end
            }
        });
        answering.start();
        return answering;
    }

    private static void join(Thread thread) {
        Await.until("the thread has ended", () -> !thread.isAlive());
    }

    @Test
    void unansweredVisitorsOfAnEndpointAreLimited() throws IOException {
        List<Socket> visitors = new ArrayList<>();
        Thread answering;
        try (Socket first = entry.visitor();
                ScriptedPeer peer = node.link()) {
            header(peer, 1);
            answering = answerPings(peer);
            int most = PeerLink.UNANSWERED_OF_ENDPOINT;
            for (int n = 0; n < most; n++) visitors.add(entry.visitor());
            String event = entry.await("elsewhere: ");
            assertEquals("elsewhere: " + link(" has not answered " + most + " visitors"), event);
            Await.until("all are tried elsewhere", () -> entry.events.size() == most + 1);
            assertFalse(first.isClosed());
        } finally {
            for (Socket visitor : visitors) visitor.close();
        }
        join(answering);
    }

    @Test
    void aRefusalHasAReason() throws IOException {
        try (Socket visitor = visitor();
                SSLSocket peer = node.accept()) {
            assertTrue(ScriptedNode.line(peer).startsWith("PEER/1 test b/run-b loop=0"));
            peer.getOutputStream().write("REFUSED link peer go away\n".getBytes(US_ASCII));
            expectElsewhere(visitor, link(": it refused the link: go away"));
        }
        // During the pause, no connection is made.
        try (Socket second = visitor()) {
            expectElsewhere(second, link(" cannot be established: it refused the link: go away"));
        }
        Await.until("the pause is over", () -> {
            entry.visitor().close();
            return !entry.events.get(entry.events.size() - 1).contains("cannot be established");
        });
        ScriptedPeer peer = node.link();
        Await.until("it is up", () -> entry.links.isUp("b"));
        peer.close();
    }

    @Test
    void hostileAnswersEndTheLink() throws IOException {
        for (String answer : List.of("HELLO\n", "\u0000\u0001\n", "x".repeat(2_000), "OK now\n\u0001")) {
            try (EntryNode fresh = new EntryNode(keys.tls("a"))) {
                fresh.links.node(node.info());
                try (Socket visitor = fresh.visitor();
                        SSLSocket peer = node.accept()) {
                    ScriptedNode.line(peer);
                    peer.getOutputStream().write(answer.getBytes(US_ASCII));
                    if (answer.startsWith("OK")) Await.until("up", () -> !fresh.dead.isEmpty());
                    else fresh.await("elsewhere: link to node b at 127.0.0.1");
                    assertFalse(fresh.links.isUp("b"));
                    assertFalse(visitor.isClosed());
                }
            }
        }
    }

    @Test
    void theCertificateOfAnotherNodeIsRefused() throws IOException {
        stop();
        begin("c");
        try (Socket visitor = visitor();
                SSLSocket peer = node.accept()) {
            assertThrows(IOException.class, () -> {
                if (peer.getInputStream().read() < 0) throw new IOException("ended");
            });
            expectElsewhere(
                    visitor,
                    link(": the certificate at this address is that of relay://test/c, not of relay://test/b"));
        }
    }

    @Test
    void aStrangerIsRefused() throws IOException {
        stop();
        node = new ScriptedNode(keys.context(keys.stranger("stranger", "relay://test/b")));
        entry = new EntryNode(keys.tls("a"));
        entry.answers = true;
        entry.links.node(node.info());
        try (Socket visitor = visitor();
                SSLSocket peer = node.accept()) {
            assertThrows(IOException.class, peer::startHandshake);
            expectElsewhere(visitor, link(": TLS failed: "));
        }
    }

    @Test
    void aNodeThatDoesNotAnswerTheDialCostsASecond() throws IOException {
        try (Socket visitor = visitor()) {
            expectElsewhere(visitor, link(": it was not established within 1000 ms"));
        }
    }

    @Test
    void aNodeThatCannotBeReachedIsTriedElsewhere() throws IOException {
        node.close();
        try (Socket visitor = visitor()) {
            expectElsewhere(visitor, link(": Connection refused"));
        }
        NodeInfo nowhere = new NodeInfo(
                "b", "run-c", InetSocketAddress.createUnresolved("no-such-host.invalid", 1), 2, "1", false);
        entry.links.node(nowhere);
        try (Socket visitor = visitor()) {
            expectElsewhere(
                    visitor, "link to node b at no-such-host.invalid:1: the host no-such-host.invalid is unknown");
        }
    }

    @Test
    void aNodeThatStatesTooManyLoopsHasNoMoreLinksThanAnother() throws IOException {
        InetSocketAddress address = node.info().peerAddress();
        entry.links.node(new NodeInfo("b", node.info().incarnation(), address, 999_999_999, "1", false));
        entry.to(PeerLinks.MOST_OF_A_NODE);
        try (Socket visitor = visitor()) {
            expectElsewhere(visitor, "node b is not known");
        }
        assertEquals(List.of(), entry.links.statuses());
    }

    @Test
    void aLinkWithoutRoomForStreamsIsReplaced() throws IOException {
        try (Socket first = visitor();
                ScriptedPeer peer = node.link()) {
            header(peer, 1);
            peer.send(WireFrame.window(1, WireFrame.ACK, 0), WireFrame.goAway(0));
            assertEquals("unread", new String(peer.expectData(1, 6), US_ASCII));
            try (Socket second = visitor();
                    ScriptedPeer next = node.link()) {
                header(next, 1);
                next.send(WireFrame.window(1, WireFrame.ACK, 0));
                assertEquals("unread", new String(next.expectData(1, 6), US_ASCII));
                peer.send(WireFrame.data(1, "still here"));
                Visitor.expect(first, "still here");
                assertFalse(second.isClosed());
            }
        }
    }

    @Test
    void sessionsThatWereReplacedAreLimited() throws IOException {
        List<Socket> visitors = new ArrayList<>();
        List<ScriptedPeer> peers = new ArrayList<>();
        try {
            for (int n = 0; n < PeerLink.MOST_RETIRED + 2; n++) { // the last one is the present one
                visitors.add(visitor());
                ScriptedPeer peer = node.link();
                peers.add(peer);
                header(peer, 1);
                peer.send(WireFrame.window(1, WireFrame.ACK, 0), WireFrame.goAway(0));
                assertEquals("unread", new String(peer.expectData(1, 6), US_ASCII));
            }
            Visitor.expectReset(visitors.get(0));
            peers.get(1).send(WireFrame.data(1, "still here"));
            Visitor.expect(visitors.get(1), "still here");
        } finally {
            for (Socket each : visitors) each.close();
            for (ScriptedPeer each : peers) each.close();
        }
    }

    @Test
    void aLinkThatWasLostIsDialledAgain() throws IOException {
        try (Socket visitor = visitor()) {
            try (ScriptedPeer peer = node.link()) {
                header(peer, 1);
                peer.send(WireFrame.window(1, WireFrame.ACK, 0));
                assertEquals("unread", new String(peer.expectData(1, 6), US_ASCII));
            }
            Visitor.expectReset(visitor);
        }
        try (ScriptedPeer peer = node.link()) {
            peer.expect(WireFrame.ping(WireFrame.SYN, 1));
            Await.until("it is up", () -> entry.links.isUp("b"));
        }
    }

    @Test
    void streamsOfTheOtherNodeAreRefused() throws IOException {
        try (Socket visitor = visitor();
                ScriptedPeer peer = node.link()) {
            header(peer, 1);
            peer.send(WireFrame.window(2, WireFrame.SYN, 0));
            peer.expect(WireFrame.window(2, WireFrame.RST, 0));
            assertFalse(visitor.isClosed());
        }
    }

    @Test
    void aNodeOfAnotherRunGetsALinkOfItsOwn() throws IOException {
        try (Socket visitor = visitor();
                ScriptedPeer peer = node.link()) {
            header(peer, 1);
            NodeInfo before = node.info();
            entry.links.node(new NodeInfo("b", "run-c", before.peerAddress(), 2, "1", false));
            peer.expectGone();
            expectElsewhere(visitor, link(""));
            try (Socket next = entry.visitor();
                    SSLSocket second = node.accept()) {
                assertEquals("PEER/1 test b/run-c loop=0", ScriptedNode.line(second));
                assertFalse(next.isClosed());
            }
        }
    }

    @Test
    void aNodeThatTheStoreHasLostIsKeptWhileItAnswers() throws IOException {
        try (Socket visitor = visitor();
                ScriptedPeer peer = node.link()) {
            header(peer, 1);
            peer.send(WireFrame.window(1, WireFrame.ACK, 0));
            assertEquals("unread", new String(peer.expectData(1, 6), US_ASCII));
            entry.links.nodeGone("b");
            peer.send(WireFrame.data(1, "still here"));
            Visitor.expect(visitor, "still here");
            try (Socket second = entry.visitor()) {
                header(peer, 3);
                assertFalse(second.isClosed());
            }
        }
    }

    @Test
    void aNodeThatHasGoneIsForgottenWhenItsLinkEnds() throws IOException {
        serveOneUntilTheNodeEnds(() -> entry.links.nodeGone("b"));
        Await.until(
                () -> "links: " + entry.links.statuses(),
                () -> entry.links.statuses().isEmpty());
        assertEquals(0, entry.links.nodes());
    }

    @Test
    void aNodeThatHasComeBackIsNotForgottenWhenItsLinkEnds() throws IOException {
        serveOneUntilTheNodeEnds(() -> {
            entry.links.nodeGone("b");
            entry.links.node(node.info());
        });
        Await.until(() -> "b is up", () -> !entry.links.isUp("b"));
        assertEquals(1, entry.links.nodes());
        assertEquals(1, entry.links.statuses().size());
    }

    /** Serves a visitor; the node then closes the link in order. */
    private void serveOneUntilTheNodeEnds(Runnable meanwhile) throws IOException {
        try (Socket visitor = visitor();
                ScriptedPeer peer = node.link()) {
            header(peer, 1);
            peer.send(WireFrame.data(1, WireFrame.ACK, "banner".getBytes(US_ASCII)));
            Visitor.expect(visitor, "banner");
            meanwhile.run();
            assertTrue(entry.links.isUp("b"));
            peer.send(WireFrame.goAway(0));
        }
    }
}
