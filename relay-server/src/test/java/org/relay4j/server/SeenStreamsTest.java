package org.relay4j.server;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.ACK;
import static org.relay4j.testing.WireFrame.FIN;
import static org.relay4j.testing.WireFrame.RST;
import static org.relay4j.testing.WireFrame.SYN;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Visitor;
import org.relay4j.testing.WireFrame;
import org.relay4j.yamux.io.PlainWire;

/** SEEN: the client has another connection in place of a silent one, and says which visitors have not arrived over that. */
@ExtendWith(LeakCheck.EachTest.class)
class SeenStreamsTest {
    private final List<AutoCloseable> open = new ArrayList<>();
    private @Nullable RelayServer server;

    @AfterEach
    void stop() throws Exception {
        for (AutoCloseable each : open) each.close();
        if (server != null) {
            server.close();
            RelayServer ended = server;
            Await.until("nothing is kept", () -> ended.keptBytes().taken() == 0);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void visitorsThatTheClientHasNotSeenGoToTheOtherConnectionWithAllTheirBytes(int loops) throws IOException {
        AskingClient first = start(loops, "resume");
        assertTrue(first.line().has("seen"), "the server says that it understands it");
        Socket seen = visit(first, "seen", 1);
        Socket one = visit(first, "one", 3);
        Socket two = visit(first, "two", 5);
        Visitor.send(two, ", more");
        assertEquals(WireFrame.data(5, ", more"), first.next());
        AskingClient second = join(first);
        second.say("SEEN connection=1 last=1");
        assertEquals(WireFrame.window(1, SYN, 0), second.next());
        assertEquals(WireFrame.data(1, "one"), second.next());
        assertEquals(WireFrame.window(3, SYN, 0), second.next());
        assertEquals(WireFrame.data(3, "two, more"), second.next());
        assertEquals(WireFrame.window(3, RST, 0), first.next());
        assertEquals(WireFrame.window(5, RST, 0), first.next());
        second.yamux().send(WireFrame.window(1, ACK, 0), WireFrame.data(1, "answer"));
        Visitor.expect(one, "answer");
        Visitor.send(one, "more");
        assertEquals(WireFrame.data(1, "more"), second.next());
        first.yamux().send(WireFrame.window(1, ACK, 0), WireFrame.data(1, "late"));
        Visitor.expect(seen, "late");
        assertEquals(3, server().visitorCount());
        assertEquals(
                20,
                server().tunnels().connections().stream()
                        .mapToLong(TunnelConnection::bytesIn)
                        .sum(),
                "no byte is counted twice");
        visit(second, "new", 5); // the first one gets no more
    }

    /** No credit comes before the answer, so all that a client has not seen fits into an initial window. */
    @Test
    void wholeWindowIsSentAgain() throws IOException {
        AskingClient first = start(2, "resume");
        byte[] upload = new byte[300_000];
        for (int n = 0; n < upload.length; n++) upload[n] = (byte) (n / 7);
        Socket visitor = Visitor.connect(first.port());
        open.add(visitor);
        visitor.getOutputStream().write(upload);
        assertEquals(WireFrame.window(1, SYN, 0), first.next());
        receive(first, 1, 256 * 1024);
        AskingClient second = join(first);
        second.say("SEEN connection=1 last=0");
        assertEquals(WireFrame.window(1, SYN, 0), second.next());
        byte[] again = receive(second, 1, 256 * 1024);
        second.yamux().send(WireFrame.window(1, ACK, 256 * 1024));
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.write(again);
        all.write(receive(second, 1, upload.length - again.length));
        assertArrayEquals(upload, all.toByteArray());
    }

    @Test
    void endOfTheVisitorsDirectionIsSentAgain() throws IOException {
        AskingClient first = start(2, "resume");
        Socket visitor = visit(first, "all", 1);
        visitor.shutdownOutput();
        assertEquals(WireFrame.window(1, FIN, 0), first.next());
        AskingClient second = join(first);
        second.say("SEEN connection=1 last=0");
        assertEquals(WireFrame.window(1, SYN, 0), second.next());
        assertEquals(WireFrame.data(1, "all"), second.next());
        assertEquals(WireFrame.window(1, FIN, 0), second.next());
        second.yamux().send(WireFrame.data(1, "answer"), WireFrame.window(1, FIN, 0));
        Visitor.expect(visitor, "answer");
        assertEquals(-1, visitor.getInputStream().read());
    }

    @Test
    void addressOfTheVisitorIsSentAgain() throws IOException {
        AskingClient first = start(2, "resume visitor-address");
        Socket visitor = Visitor.connect(first.port());
        open.add(visitor);
        Visitor.send(visitor, "x");
        int port = visitor.getLocalPort();
        assertEquals(port, first.header(1).source().getPort());
        assertEquals(WireFrame.data(1, "x"), first.next());
        AskingClient second = AskingClient.connect(server(), "visitor-address join=" + first.lease());
        open.add(second);
        second.establish().control().say("SEEN connection=1 last=0");
        assertEquals(WireFrame.window(1, SYN, 0), second.next());
        WireFrame header = second.next();
        assertTrue(new String(header.body(), US_ASCII).endsWith("x"), "in one frame with the first bytes");
    }

    /** The client contradicts itself: nothing may be delivered twice. */
    @Test
    void visitorThatTheClientHasAnsweredStaysWhereItIs() throws IOException {
        AskingClient first = start(2, "resume");
        Socket visitor = visit(first, "x", 1);
        first.yamux().send(WireFrame.window(1, ACK, 0));
        Await.until("nothing is kept any more", () -> server().keptBytes().taken() == 0);
        Socket unanswered = visit(first, "y", 3);
        AskingClient second = join(first);
        second.say("SEEN connection=1 last=0");
        assertEquals(WireFrame.window(1, SYN, 0), second.next());
        assertEquals(WireFrame.data(1, "y"), second.next());
        first.yamux().send(WireFrame.data(1, "answer"));
        Visitor.expect(visitor, "answer"); // it was seen, whatever the client says
        assertFalse(unanswered.isClosed());
    }

    @Test
    void bytesAreKeptUntilTheClientAnswersAndOnlyForALease() throws IOException {
        AskingClient leased = start(2, "resume");
        visit(leased, "0123456789", 1);
        assertEquals(10, server().keptBytes().taken());
        Socket leaving = visit(leased, "abc", 3);
        assertEquals(13, server().keptBytes().taken());
        leased.yamux().send(WireFrame.window(1, ACK, 0));
        Await.until("the first was answered", () -> server().keptBytes().taken() == 3);
        Visitor.reset(leaving);
        Await.until("the other has left", () -> server().keptBytes().taken() == 0);
        AskingClient other = AskingClient.connect(server(), "").establish();
        open.add(other);
        assertFalse(other.line().has("seen"));
        visit(other, "abc", 1);
        assertEquals(0, server().keptBytes().taken());
    }

    @Test
    void visitorsWaitIfNoOtherConnectionTakesThem() throws IOException {
        AskingClient first = start(2, "resume");
        Socket visitor = visit(first, "x", 1);
        AskingClient second = join(first);
        second.yamux().send(WireFrame.goAway(0));
        second.say("SEEN connection=1 last=0");
        assertEquals(WireFrame.window(1, RST, 0), first.next());
        AskingClient third = AskingClient.connect(server(), "join=" + first.lease());
        open.add(third);
        assertEquals(WireFrame.window(1, SYN, 0), third.next());
        assertEquals(WireFrame.data(1, "x"), third.next());
        third.yamux().send(WireFrame.window(1, ACK, 0), WireFrame.data(1, "answer"));
        Visitor.expect(visitor, "answer");
    }

    /** The tunnel's loop has chosen the connection before that one learned what the client has seen. */
    @Test
    void visitorOnItsWayFromAnotherLoopComesBack() throws IOException {
        AskingClient first = start(2, "resume");
        AskingClient second = join(first);
        TunnelConnection here = connection(1);
        TunnelConnection there = connection(2);
        assertNotEquals(here.loop(), there.loop());
        Await.until("it takes visitors", there::takesVisitors);
        first.yamux().send(WireFrame.goAway(0));
        Await.until("the other one takes none", () -> !here.takesVisitors());
        CountDownLatch goesOn = new CountDownLatch(1);
        there.loop().execute(() -> awaitQuietly(goesOn));
        there.seenUpTo(0);
        Socket visitor = Visitor.connect(first.port());
        open.add(visitor);
        Visitor.send(visitor, "x");
        Await.until("it is on its way", () -> there.visitors().present() == 1);
        goesOn.countDown();
        AskingClient third = AskingClient.connect(server(), "join=" + first.lease());
        open.add(third);
        assertEquals(WireFrame.window(1, SYN, 0), third.next());
        assertEquals(WireFrame.data(1, "x"), third.next());
        second.yamux().expectNothing();
    }

    /** While visitors wait, their bytes are bounded, whatever the clients of all tunnels say. */
    @Test
    void visitorIsResetIfWaitingVisitorsHaveAsManyBytesAsTheyMay() throws IOException {
        AskingClient first = start(2, "resume");
        Socket visitor = visit(first, "x", 1);
        AskingClient second = join(first);
        Arrival large = new Arrival(
                new PlainWire(SocketChannel.open()), new InetSocketAddress(0), null, ByteBuffer.allocate((int)
                        NameRouter.MOST_KEPT));
        server().names().keep(large);
        second.say("SEEN connection=1 last=0");
        Visitor.expectReset(visitor);
        server().names().release(large);
        large.reset();
        Await.until("it has left", () -> server().visitorCount() == 0);
        visit(second, "y", 1);
    }

    @Test
    void visitorThatHasLeftMeanwhileHarmsNobody() throws IOException {
        AskingClient first = start(2, "resume");
        List<Socket> leaving = List.of(visit(first, "x", 1), visit(first, "y", 3));
        for (Socket each : leaving) Visitor.reset(each);
        AskingClient second = join(first);
        second.say("SEEN connection=1 last=0");
        Await.until("both have left", () -> server().visitorCount() == 0);
        Await.until(
                "it gets no more",
                () -> server().tunnels().connections().stream().anyMatch(each -> !each.takesVisitors()));
        Socket next = Visitor.connect(first.port());
        open.add(next);
        Visitor.send(next, "z");
        WireFrame frame = second.next();
        while (!(frame.isData() && new String(frame.body(), US_ASCII).equals("z"))) frame = second.next();
    }

    /** Of itself, of one that is not there, and again and again. */
    @Test
    void linesWithoutEffect() throws IOException {
        AskingClient first = start(2, "resume").control();
        for (int n = 0; n < 100; n++) first.say("SEEN connection=1 last=0", "SEEN connection=77 last=4294967295");
        visit(first, "x", 1);
        assertTrue(server().tunnels().connections().stream().allMatch(TunnelConnection::takesVisitors));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SEEN",
                "SEEN connection=1",
                "SEEN last=1",
                "SEEN connection=one last=1",
                "SEEN connection=1 last=-1",
                "SEEN connection=1 last=4294967296",
                "SEEN connection=1 last="
            })
    void malformedLineResetsTheControlStream(String line) throws IOException {
        AskingClient first = start(1, "resume").control();
        first.say(line);
        assertEquals(WireFrame.window(2, RST, 0), first.next());
    }

    // ---- helpers

    private AskingClient start(int loops, String words) throws IOException {
        server = AskingClient.server(options -> options.loops(loops));
        AskingClient first = AskingClient.connect(server, words);
        open.add(first);
        return first.establish();
    }

    private TunnelConnection connection(int number) {
        return server().tunnels().connections().stream()
                .filter(each -> each.number() == number)
                .findFirst()
                .orElseThrow();
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private AskingClient join(AskingClient first) throws IOException {
        AskingClient second = AskingClient.connect(server(), "join=" + first.lease());
        open.add(second);
        return second.establish().control();
    }

    /** Connects a visitor that says something, which arrives on a stream. */
    private Socket visit(AskingClient client, String text, int id) throws IOException {
        Socket visitor = Visitor.connect(client.port());
        open.add(visitor);
        Visitor.send(visitor, text);
        assertEquals(WireFrame.window(id, SYN, 0), client.next());
        assertEquals(WireFrame.data(id, text), client.next());
        return visitor;
    }

    /** Receives Data frames of one stream. */
    private static byte[] receive(AskingClient client, int id, int length) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        while (all.size() < length) {
            WireFrame frame = client.next();
            assertTrue(frame.isData() && frame.id() == id, frame::toString);
            all.write(frame.body());
        }
        assertEquals(length, all.size());
        return all.toByteArray();
    }

    private RelayServer server() {
        if (server == null) throw new IllegalStateException("not started");
        return server;
    }
}
