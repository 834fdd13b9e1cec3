package org.relay4j.yamux.io;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.ACK;
import static org.relay4j.testing.WireFrame.FIN;
import static org.relay4j.testing.WireFrame.RST;
import static org.relay4j.testing.WireFrame.SYN;
import static org.relay4j.testing.WireFrame.data;
import static org.relay4j.testing.WireFrame.window;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Pattern;
import org.relay4j.testing.ScriptedPeer;
import org.relay4j.testing.Transport;
import org.relay4j.testing.Visitor;
import org.relay4j.yamux.SessionOptions;

/** Streams of a session, opened by a script, joined with connections to a service. */
class SpliceServiceTest {
    private static final int WINDOW = 256 * 1024; // bytes

    @RegisterExtension
    static final LeakCheck LEAKS = new LeakCheck.EachTest();

    private ServerSocket service;
    private SplicedSession session;
    private ScriptedPeer peer;

    @BeforeEach
    void connect() throws Exception {
        service = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        service.setSoTimeout((int) Await.DEADLINE.toMillis());
        List<SocketChannel> tunnel = Transport.sockets();
        InetSocketAddress address = (InetSocketAddress) service.getLocalSocketAddress();
        session = SplicedSession.forService(tunnel.get(0), address, SessionOptions.defaults());
        peer = new ScriptedPeer(tunnel.get(1));
    }

    @AfterEach
    void disconnect() throws Exception {
        peer.close();
        session.close();
        service.close();
    }

    @Test
    void bytesThatComeWithTheStreamReachTheService() throws Exception {
        peer.send(window(1, SYN, 0), data(1, "request"), window(1, FIN, 0));
        try (Socket served = accept(1)) {
            Visitor.expect(served, "request");
            Visitor.expectEnd(served);
            Visitor.send(served, "late reply");
            assertEquals("late reply", new String(peer.expectData(1, 10), US_ASCII));
            served.shutdownOutput();
            peer.expect(window(1, FIN, 0));
            session.awaitEnds("clean");
            assertEquals(0, session.streams());
        }
    }

    @Test
    void serviceMayEndItsDirectionFirst() throws Exception {
        peer.send(window(1, SYN, 0));
        try (Socket served = accept(1)) {
            Visitor.send(served, "banner");
            served.shutdownOutput();
            assertEquals("banner", new String(peer.expectData(1, 6), US_ASCII));
            peer.expect(window(1, FIN, 0));
            peer.send(data(1, "still here"), window(1, FIN, 0));
            Visitor.expect(served, "still here");
            Visitor.expectEnd(served);
            session.awaitEnds("clean");
        }
    }

    @Test
    void serviceThatRefusesIsAResetOfThatStreamAlone() throws Exception {
        peer.send(window(1, SYN, 0));
        try (Socket served = accept(1)) {
            service.close();
            peer.send(window(3, SYN, 0), data(3, "nobody takes this"), window(3, FIN, 0));
            peer.expect(window(3, RST, 0));
            peer.send(data(1, "ok"));
            Visitor.expect(served, "ok");
            Visitor.send(served, "ok");
            peer.expect(data(1, "ok"));
            assertEquals(1, session.streams());
        }
    }

    @Test
    void resetOfTheServiceIsAResetOfThatStreamAlone() throws Exception {
        peer.send(window(1, SYN, 0));
        try (Socket other = accept(1)) {
            peer.send(window(3, SYN, 0));
            Socket served = accept(3);
            Visitor.send(served, "part");
            peer.expectData(3, 4);
            Visitor.reset(served);
            peer.expect(window(3, RST, 0));
            session.awaitEnds("Connection reset");
            Visitor.send(other, "ok");
            peer.expect(data(1, "ok"));
        }
    }

    @Test
    void resetOfTheStreamReachesTheService() throws Exception {
        peer.send(window(1, SYN, 0));
        try (Socket served = accept(1)) {
            peer.send(data(1, "part"), window(1, RST, 0));
            Visitor.expectReset(served);
            session.awaitEnds("the peer reset the stream");
        }
    }

    @Test
    void endOfTheSessionReachesTheService() throws Exception {
        peer.send(window(1, SYN, 0));
        try (Socket served = accept(1)) {
            peer.close();
            Visitor.expectReset(served);
        }
    }

    @Test
    void slowServiceIsGivenCreditOnlyForWhatItTakes() throws Exception {
        service.setReceiveBufferSize(4096);
        peer.send(window(1, SYN, 0));
        try (Socket served = accept(1)) {
            long sent = 0;
            for (long credit = WINDOW; credit > 0; credit += peer.skipAll(1)) {
                int length = (int) Math.min(credit, 64 * 1024);
                peer.send(data(1, new byte[length]));
                credit -= length;
                sent += length;
            }
            // The output goes back to the pool a moment after the peer has read the last frame.
            Await.until(
                    () -> "no more than a window is in use, now "
                            + BufferPool.shared().inUse(),
                    () -> BufferPool.shared().inUse() <= WINDOW + 64 * 1024);
            assertTrue(BufferPool.shared().inUse() > 0);
            peer.send(window(1, FIN, 0));
            assertEquals(sent, served.getInputStream().readAllBytes().length);
        }
    }

    @Test
    void muchDataInBothDirectionsAtOnce() throws Exception {
        int length = 8 << 20;
        peer.send(window(1, SYN, 0));
        try (Socket served = accept(1)) {
            peer.send(window(1, 0, length));
            Call<Void> reply = Call.run(() -> Pattern.write(9, length, served.getOutputStream()));
            peer.expectData(1, length);
            reply.result();
            Call<Void> read = Call.run(() -> Pattern.check(8, WINDOW, served.getInputStream()));
            peer.send(data(1, Pattern.bytes(8, WINDOW)));
            read.result();
        }
    }

    // ---- while the connection to the service is being made: its kernel takes no more for now

    @Test
    void whatComesMeanwhileWaitsAndIsDelivered() throws Exception {
        List<SocketChannel> crowd = crowd();
        try {
            peer.send(window(1, SYN, 0), data(1, "patient"), window(1, FIN, 0));
            peer.expect(window(1, ACK, 0));
            peer.expectNothing();
            assertEquals(List.of(), session.ends);
            for (SocketChannel channel : crowd) channel.close();
            while (true) {
                try (Socket served = service.accept()) {
                    served.setSoTimeout((int) Await.DEADLINE.toMillis());
                    if (served.getInputStream().read() != 'p') continue; // one of the crowd
                    Visitor.expect(served, "atient");
                    Visitor.expectEnd(served);
                    break;
                }
            }
            peer.expect(window(1, FIN, 0));
        } finally {
            for (SocketChannel channel : crowd) channel.close();
        }
    }

    @Test
    void resetMeanwhileGivesTheConnectionUp() throws Exception {
        List<SocketChannel> crowd = crowd();
        try {
            peer.send(window(1, SYN, 0), data(1, "impatient"));
            peer.expect(window(1, ACK, 0));
            peer.send(window(1, RST, 0));
            session.awaitEnds("the peer reset the stream");
            assertEquals(0, session.streams());
        } finally {
            for (SocketChannel channel : crowd) channel.close();
        }
    }

    /** Connects until the kernel of the service lets one wait. */
    private List<SocketChannel> crowd() throws IOException {
        List<SocketChannel> crowd = new ArrayList<>();
        while (true) {
            SocketChannel channel = SocketChannel.open();
            crowd.add(channel);
            channel.configureBlocking(false);
            if (!channel.connect(service.getLocalSocketAddress()) && !channel.finishConnect()) return crowd;
            if (crowd.size() > 1000) throw new AssertionError("the service accepts all connections");
        }
    }

    private Socket accept(int id) throws IOException {
        Socket served = service.accept();
        served.setTcpNoDelay(true);
        served.setSoTimeout((int) Await.DEADLINE.toMillis());
        peer.expect(window(id, ACK, 0));
        return served;
    }
}
