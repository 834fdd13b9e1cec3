package org.relay4j.server.peer;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.cert.Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.api.Endpoint;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Logged;
import org.relay4j.testing.ScriptedPeer;
import org.relay4j.testing.SelfSignedKeys;
import org.relay4j.testing.SocketByteChannel;
import org.relay4j.testing.Visitor;
import org.relay4j.testing.WireFrame;

/** The port for other nodes, against scripted ones. */
@Tag("slow")
@ExtendWith(LeakCheck.EachTest.class)
class PeerPortTest {
    private static final long EPOCH = 0x0123_4567_89AB_CDEFL; // each of its bytes counts
    private static final String GOOD = "PEER/1 test b/run-b loop=0\n";

    @TempDir
    private Path folder;

    private PeerKeys keys;
    private TunnelNode node;
    private Logged log;

    @BeforeEach
    void start() throws IOException {
        keys = new PeerKeys(folder);
        log = Logged.below("org.relay4j.server.peer");
    }

    private void open() throws IOException {
        node = new TunnelNode(keys.tls("b"), "run-b");
    }

    @AfterEach
    void stop() {
        node.close();
        log.close();
    }

    private SSLSocket connect(SSLContext context) throws IOException {
        return PeerKeys.connect(context, node.port.address().getPort(), PeerTls.ALPN);
    }

    private static String line(Socket from) throws IOException {
        StringBuilder line = new StringBuilder();
        InputStream in = from.getInputStream();
        for (int next; (next = in.read()) >= 0 && next != '\n'; ) line.append((char) next);
        return line.toString();
    }

    private void assertRefused(String line, String reason) throws IOException {
        try (SSLSocket socket = connect(keys.context("a"))) {
            socket.getOutputStream().write(line.getBytes(US_ASCII));
            assertEquals("REFUSED link peer " + reason, line(socket));
            assertEquals(-1, socket.getInputStream().read());
        }
        assertEquals(0, node.port.links());
    }

    @Test
    void aLineThatNamesSomethingElseIsRefusedWithTheReason() throws IOException {
        open();
        assertRefused(
                "PEER/1 other b/run-b loop=0\n",
                "this node belongs to the cluster test, the link is for other with the certificate relay://test/a");
        assertRefused("PEER/1 test c/run-b loop=0\n", "this is the node b, the link is for c");
        assertRefused("PEER/1 test b/run-a loop=0\n", "the node b has restarted since, the link is for its run run-a");
        assertRefused("PEER/1 test b/run-b loop=2\n", "the node has 2 loops, the link is for loop 2");
        log.await("link from a at 127.0.0.1:");
    }

    @Test
    void aMalformedLineIsRefused() throws IOException {
        open();
        String expected = "its line is not 'PEER/1 <cluster> <node>/<incarnation> loop=<n>'";
        for (String line : List.of(
                "GET /\n",
                "PEER/1\n",
                "PEER/2 test b/run-b loop=0\n",
                "PEER/1 test b loop=0\n",
                "PEER/1 test /run-b loop=0\n",
                "PEER/1 test b/ loop=0\n",
                "PEER/1 test b/run-b loop=-1\n",
                "PEER/1 test b/run-b loop=00\n",
                "PEER/1 test b/run-b\n")) {
            assertRefused(line, expected);
        }
        assertRefused("PEER/1  test\n", "its line is malformed: words are separated by one space");
        assertRefused(
                "PEER/1 t\u0001st\n", "its line is malformed: byte 8 of the line is not a visible ASCII character");
    }

    @Test
    void aLineWithoutEndIsCutOff() throws IOException {
        open();
        try (SSLSocket socket = connect(keys.context("a"))) {
            byte[] endless = new byte[5_000];
            Arrays.fill(endless, (byte) 'x');
            socket.getOutputStream().write(endless);
            assertThrows(IOException.class, () -> {
                while (socket.getInputStream().read() >= 0) {}
                throw new IOException("ended");
            });
        }
        log.await("refused: its line is longer than 1024 bytes");
    }

    @Test
    void certificatesOfOthersAreRefused() throws IOException {
        keys.add("other", "relay://other/a");
        keys.add("two", "relay://test/a", "relay://test/c");
        keys.add("none", "localhost");
        keys.add("odd", "relay://test/a/b");
        open();
        SSLContext stranger = keys.context(keys.stranger("stranger", "relay://test/a"));
        expectCut(stranger, "TLS failed: ");
        expectCut(keys.context("none"), "its certificate has no alternative name URI:relay://<cluster>/<node>");
        expectCut(keys.context("odd"), "its certificate has no alternative name URI:relay://<cluster>/<node>");
        expectCut(keys.context("two"), "its certificate names several nodes: [relay://test/a, relay://test/c]");
        try (SSLSocket socket = connect(keys.context("other"))) {
            socket.getOutputStream().write(GOOD.getBytes(US_ASCII));
            String reason = "the link is for test with the certificate relay://other/a";
            assertTrue(line(socket).endsWith(reason));
        }
        try (SSLSocket socket = connect(keys.context("b"))) {
            socket.getOutputStream().write(GOOD.getBytes(US_ASCII));
            assertEquals("REFUSED link peer the certificate is that of this node itself", line(socket));
        }
        assertEquals(0, node.port.links());
    }

    @Test
    void anExpiredCertificateIsRefused() throws IOException {
        keys.addExpired("old", "relay://test/a");
        open();
        expectCut(keys.context("old"), "its certificate is valid from ");
        assertEquals(0, node.port.links());
    }

    private void expectCut(SSLContext context, String reason) throws IOException {
        try (SSLSocket socket = connect(context)) {
            assertThrows(IOException.class, () -> {
                socket.getOutputStream().write(GOOD.getBytes(US_ASCII));
                if (socket.getInputStream().read() < 0) throw new IOException("ended");
            });
        }
        log.await(reason);
    }

    @Test
    void otherProtocolsAreRefused() throws IOException {
        open();
        int port = node.port.address().getPort();
        try (SSLSocket socket = PeerKeys.connect(keys.context("a"), port, "relay/1")) {
            assertThrows(IOException.class, socket::startHandshake);
        }
        try (SSLSocket socket = PeerKeys.connect(keys.context("a"), port)) {
            assertThrows(IOException.class, () -> {
                socket.startHandshake();
                if (socket.getInputStream().read() < 0) throw new IOException("ended");
            });
        }
        try (SSLSocket socket = PeerKeys.connect(keys.context("a"), port, PeerTls.ALPN)) {
            socket.setEnabledProtocols(new String[] {"TLSv1.2"});
            assertThrows(IOException.class, socket::startHandshake);
        }
        try (Socket plain = Visitor.connect(port)) {
            Visitor.send(plain, GOOD);
            assertTrue(plain.getInputStream().readAllBytes().length < 16); // an alert
        }
        assertEquals(0, node.port.links());
    }

    @Test
    void silentConnectionsAreDisplacedByNewOnes() throws IOException {
        open();
        List<Socket> silent = new ArrayList<>();
        try {
            for (int n = 0; n <= PeerPort.MOST_PENDING; n++)
                silent.add(Visitor.connect(node.port.address().getPort()));
            assertEquals(-1, silent.get(0).getInputStream().read());
            try (SSLSocket good = connect(keys.context("a"))) {
                good.getOutputStream().write(GOOD.getBytes(US_ASCII));
                assertEquals("OK", line(good));
            }
        } finally {
            for (Socket socket : silent) socket.close();
        }
    }

    @Test
    void manyConnectionsOfOneAddressDisplaceEachOtherOnly() throws IOException {
        open();
        List<Socket> strangers = new ArrayList<>();
        try (SSLSocket good = connect(keys.context("a"))) {
            good.startHandshake(); // the oldest of all, when the strangers come
            for (int n = 0; n < 3 * PeerPort.MOST_PENDING; n++) {
                Socket stranger = new Socket();
                strangers.add(stranger);
                stranger.bind(new InetSocketAddress("127.0.0.9", 0));
                stranger.connect(node.port.address(), 20_000);
            }
            strangers.get(0).setSoTimeout(20_000);
            assertEquals(-1, strangers.get(0).getInputStream().read());
            good.getOutputStream().write(GOOD.getBytes(US_ASCII));
            assertEquals("OK", line(good));
        } finally {
            for (Socket socket : strangers) socket.close();
        }
    }

    @Test
    void oneNodeHasTwoLinksForEachLoopAtMost() throws IOException {
        open();
        List<ScriptedPeer> links = new ArrayList<>();
        try {
            for (int n = 0; n < 2 * TunnelNode.LOOPS + 1; n++) links.add(link());
            links.get(0).expectGone();
            Await.until("as many links as may be", () -> node.port.links() == 2 * TunnelNode.LOOPS);
        } finally {
            for (ScriptedPeer link : links) link.close();
        }
    }

    @Test
    void visitorsWithoutAHeaderAreLimited() throws IOException {
        open();
        try (ScriptedPeer peer = link()) {
            int id = 1;
            for (int n = 0; n < PeerOptions.UNANSWERED; n++, id += 2) peer.send(open(id));
            peer.send(open(id));
            peer.expect(WireFrame.window(id, WireFrame.RST, 0));
            // One that is answered makes room for another.
            byte[] header = header(TunnelNode.endpoint(0));
            peer.send(WireFrame.data(1, header));
            peer.expect(WireFrame.window(1, WireFrame.ACK, header.length));
            peer.send(WireFrame.window(3, WireFrame.RST, 0), open(id + 2), open(id + 4), open(id + 6));
            peer.expect(WireFrame.window(id + 6, WireFrame.RST, 0));
        }
    }

    @Test
    void aSilentConnectionIsClosedAfterFiveSeconds() throws IOException {
        open();
        long begun = System.nanoTime();
        try (Socket silent = Visitor.connect(node.port.address().getPort())) {
            assertEquals(-1, silent.getInputStream().read());
        }
        long took = System.nanoTime() - begun;
        assertTrue(took >= 4_900_000_000L && took < 15_000_000_000L, "after " + took + " ns");
        log.await("refused: no link within 5000 ms");
    }

    private Certificate shown() throws IOException {
        try (SSLSocket socket = connect(keys.context("a"))) {
            socket.startHandshake();
            return socket.getSession().getPeerCertificates()[0];
        }
    }

    private static void write(SelfSignedKeys from, Path certificate, Path key) throws Exception {
        from.writeCertificate(certificate);
        from.writeKey(key);
    }

    @Test
    void aChangedCertificateIsUsedAndABrokenOneIsNot() throws Exception {
        keys.add("c", "relay://test/b");
        keys.add("d", "relay://test/b");
        open();
        assertEquals(keys.made("b").certificate(), shown());
        SelfSignedKeys next = keys.made("d");
        write(next, folder.resolve("b.crt"), folder.resolve("b.key"));
        assertEquals(next.certificate(), shown());
        Files.writeString(folder.resolve("b.crt"), "broken");
        assertEquals(next.certificate(), shown());
        log.await("links to other nodes: the previous certificate stays in use: ");
        write(keys.made("c"), folder.resolve("b.crt"), folder.resolve("b.key"));
        assertEquals(keys.made("c").certificate(), shown());
    }

    @Test
    void filesThatHaveNotChangedAreNotReadForAConnection() throws Exception {
        keys.add("c", "relay://test/b");
        disguise("b");
        open();
        write(keys.made("c"), folder.resolve("b.crt"), folder.resolve("b.key"));
        disguise("b");
        assertEquals(keys.made("b").certificate(), shown());
    }

    /** Gives two files the same size and time whatever they contain. */
    private void disguise(String node) throws IOException {
        for (Path file : List.of(folder.resolve(node + ".crt"), folder.resolve(node + ".key"))) {
            String text = Files.readString(file);
            Files.writeString(file, text + "\n".repeat(2_000 - text.length()));
            Files.setLastModifiedTime(file, FileTime.from(Instant.parse("2026-01-01T00:00:00Z")));
        }
    }

    private ScriptedPeer link() throws IOException {
        SSLSocket socket = connect(keys.context("a"));
        socket.getOutputStream().write(GOOD.getBytes(US_ASCII));
        assertEquals("OK", line(socket));
        return new ScriptedPeer(new SocketByteChannel(socket));
    }

    private static byte[] header(Endpoint endpoint) {
        return header(endpoint, EPOCH);
    }

    private static byte[] header(Endpoint endpoint, long epoch) {
        InetSocketAddress visitor = new InetSocketAddress("192.0.2.1", 4_321);
        return PeerHeader.encode(ProxyHeader.of(visitor, visitor), endpoint, epoch, null);
    }

    private static WireFrame open(int id) {
        return WireFrame.window(id, WireFrame.SYN, 0);
    }

    @Test
    void aVisitorIsAcknowledgedAndServed() throws IOException {
        open();
        try (ScriptedPeer peer = link()) {
            peer.send(open(1), WireFrame.data(1, header(TunnelNode.endpoint(0))));
            peer.expect(WireFrame.window(1, WireFrame.ACK, header(TunnelNode.endpoint(0)).length));
            peer.send(WireFrame.data(1, "hello"));
            assertArrayEquals("hello".getBytes(US_ASCII), peer.expectData(1, 5));
            assertEquals(EPOCH, node.requests.get(0).epoch());
            peer.send(WireFrame.window(1, WireFrame.FIN, 0));
            peer.expect(WireFrame.window(1, WireFrame.FIN, 0));
        }
        Await.until("it has ended", () -> node.ends.equals(List.of("clean")) && node.port.links() == 0);
    }

    @Test
    void eachRefusalHasItsCode() throws IOException {
        open();
        try (ScriptedPeer peer = link()) {
            int id = 1;
            for (PeerCode code : PeerCode.values()) {
                node.refusals.put(TunnelNode.endpoint(0), code);
                peer.send(open(id), WireFrame.data(id, header(TunnelNode.endpoint(0))));
                peer.expect(WireFrame.window(id, WireFrame.RST, code.number()));
                id += 2;
            }
        }
    }

    @Test
    void aMalformedHeaderResetsOnlyItsStream() throws IOException {
        open();
        try (ScriptedPeer peer = link()) {
            byte[] whole = header(TunnelNode.endpoint(0));
            byte[] noEpoch = Arrays.copyOf(whole, whole.length - 11);
            noEpoch[15] = (byte) (noEpoch[15] - 11);
            byte[] shortEpoch = Arrays.copyOf(whole, whole.length - 1);
            shortEpoch[15]--;
            shortEpoch[shortEpoch.length - 8]--;
            byte[] noEndpoint = ProxyHeader.of(
                            new InetSocketAddress("192.0.2.1", 1), new InetSocketAddress("192.0.2.1", 2))
                    .encodeV2();
            byte[] huge = whole.clone();
            huge[14] = 0x7F;
            int id = 1;
            for (byte[] bad : List.of(
                    "GET / HTTP/1.1\r\n\r\n".getBytes(US_ASCII),
                    noEpoch,
                    shortEpoch,
                    noEndpoint,
                    huge,
                    header(
                            TunnelNode.endpoint(0),
                            0), // what a node calls the epoch of an endpoint that it does not have
                    header(TunnelNode.endpoint(0), -1),
                    header(Endpoint.anyPort()))) {
                peer.send(open(id), WireFrame.data(id, bad));
                peer.expect(WireFrame.window(id, WireFrame.RST, 0));
                id += 2;
            }
            peer.send(open(id), WireFrame.data(id, WireFrame.FIN, Arrays.copyOf(whole, 20)));
            peer.expect(WireFrame.window(id, WireFrame.RST, 0));
            id += 2;
            peer.send(open(id), WireFrame.data(id, whole));
            peer.expect(WireFrame.window(id, WireFrame.ACK, whole.length));
        }
        assertEquals(1, node.requests.size());
    }

    /** A question, with the value of the TLV for the name as it is. */
    private static byte[] question(Endpoint endpoint, byte[] name) {
        byte[] visitor = header(endpoint);
        byte[] whole = Arrays.copyOf(visitor, visitor.length + 3 + name.length);
        ByteBuffer out = ByteBuffer.wrap(whole);
        out.position(visitor.length)
                .put((byte) 0xE2)
                .putShort((short) name.length)
                .put(name);
        return out.putShort(14, (short) (whole.length - 16)).array();
    }

    @Test
    void aQuestionWithAMalformedNameIsResetAndNobodyIsAsked() throws IOException {
        open();
        Endpoint endpoint = TunnelNode.endpoint(0);
        byte[] good = question(endpoint, "alice".getBytes(US_ASCII));
        byte[] cutShort = Arrays.copyOf(good, good.length - 1); // the TLV is longer than the header
        cutShort[15]--;
        List<byte[]> malformed = new ArrayList<>(List.of(cutShort, question(endpoint, new byte[0])));
        for (String name : List.of("a".repeat(65), "a".repeat(400), "alice\n", "a\u0000b", "a\u007Fb", " ", "-\té")) {
            malformed.add(question(endpoint, name.getBytes(UTF_8)));
        }
        malformed.add(question(endpoint, new byte[] {'a', (byte) 0xC3, '('})); // not UTF-8
        malformed.add(question(endpoint, new byte[] {(byte) 0xFF}));
        try (ScriptedPeer peer = link()) {
            int id = 1;
            for (byte[] bad : malformed) {
                peer.send(open(id), WireFrame.data(id, bad));
                peer.expect(WireFrame.window(id, WireFrame.RST, 0));
                id += 2;
            }
            assertEquals(List.of(), node.asked);
            // The link and the tunnel go on.
            peer.send(open(id), WireFrame.data(id, good));
            peer.expect(WireFrame.window(id, WireFrame.RST, PeerCode.SILENT.number()));
            id += 2;
            byte[] visitor = header(endpoint);
            peer.send(open(id), WireFrame.data(id, visitor));
            peer.expect(WireFrame.window(id, WireFrame.ACK, visitor.length));
        }
        assertEquals(List.of("alice"), node.asked);
        assertEquals(1, node.requests.size()); // the visitor
    }

    @Test
    void whatFollowsAQuestionIsIgnored() throws IOException {
        open();
        byte[] question = question(TunnelNode.endpoint(0), "alice".getBytes(US_ASCII));
        byte[] more = Arrays.copyOf(question, question.length + 100);
        try (ScriptedPeer peer = link()) {
            peer.send(open(1), WireFrame.data(1, WireFrame.FIN, more));
            WireFrame frame = peer.next();
            assertEquals(1, frame.id());
            while ((frame.flags() & WireFrame.RST) == 0) frame = peer.next();
            assertEquals(WireFrame.window(1, WireFrame.RST, PeerCode.SILENT.number()), frame);
            peer.expectNothing();
        }
        assertEquals(List.of("alice"), node.asked);
        assertEquals(0, node.requests.size());
    }

    @Test
    void aNodeThatViolatesTheProtocolLosesItsLink() throws IOException {
        open();
        try (ScriptedPeer peer = link()) {
            peer.send(open(2)); // an id of the other end
            peer.expectGone();
        }
        Await.until("no link", () -> node.port.links() == 0);
    }

    @Test
    void aLinkThatIsSilentEnds() throws IOException {
        open();
        try (ScriptedPeer peer = link()) {
            peer.send(open(1), WireFrame.data(1, header(TunnelNode.endpoint(0))));
            peer.expect(WireFrame.window(1, WireFrame.ACK, header(TunnelNode.endpoint(0)).length));
            assertTrue(peer.next().isPing());
            peer.expectGone();
        }
        Await.until("its visitor was reset", () -> node.ends.size() == 1);
    }
}
