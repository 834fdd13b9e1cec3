package org.relay4j.yamux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.RST;
import static org.relay4j.testing.WireFrame.goAway;
import static org.relay4j.testing.WireFrame.window;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.LinkEmulator;
import org.relay4j.testing.LinkSettings;
import org.relay4j.testing.Pattern;
import org.relay4j.testing.Transport;
import org.relay4j.testing.WireFrame;

/** What was to be sent when the session was closed. */
@Tag("slow")
class FlushOnCloseTest {
    @RegisterExtension
    static final LeakCheck LEAKS = new LeakCheck.EachTest();

    @RepeatedTest(10)
    void peerThatEndsItsDirectionMeanwhileGetsAllOfIt() throws Exception {
        try (Scripted scripted = Scripted.client(Transport.SOCKET)) {
            Stream stream = scripted.open();
            closeWhileWriting(scripted, stream, () -> scripted.peer().shutdownOutput());
        }
    }

    @ParameterizedTest
    @EnumSource
    void peerThatReadsAfterTheCloseGetsAllOfIt(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.client(transport)) {
            closeWhileWriting(scripted, scripted.open(), () -> {});
        }
    }

    @Test
    void whatWasWrittenArrivesOverALongLink() throws Exception {
        arrivesOver(LinkSettings.of(100, 200));
    }

    /** It takes two seconds to arrive; the peer is slow, but not dead. */
    @Test
    void whatWasWrittenArrivesOverASlowLink() throws Exception {
        arrivesOver(LinkSettings.of(2, 100));
    }

    private static void arrivesOver(LinkSettings settings) throws Exception {
        try (ServerSocketChannel listener = ServerSocketChannel.open()) {
            listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
            int port = listener.socket().getLocalPort();
            try (LinkEmulator link = LinkEmulator.start(settings, port);
                    SocketChannel near = SocketChannel.open();
                    Session server = accepted(near, link, listener)) {
                Session client = Session.client(near);
                Stream[] streams = {client.open(), client.open()};
                // Before the close, because the end of the session resets streams that have not been accepted.
                Stream[] arrived = {server.accept(), server.accept()};
                for (Stream stream : streams) {
                    stream.getOutputStream().write(Pattern.bytes(stream.id(), 250_000));
                    stream.shutdownOutput();
                }
                client.close();
                for (Stream stream : arrived) {
                    Pattern.check(stream.id(), 250_000, stream.getInputStream());
                    assertEquals(-1, stream.getInputStream().read());
                }
                assertTrue(server.awaitEnd(Await.DEADLINE));
                SessionException end = server.ended();
                assertNotNull(end);
                assertEquals(SessionException.Reason.CLOSED_BY_PEER, end.reason(), end::toString);
                assertTrue(client.awaitEnd(Await.DEADLINE));
            }
        }
    }

    private static Session accepted(SocketChannel near, LinkEmulator link, ServerSocketChannel listener)
            throws IOException {
        near.setOption(StandardSocketOptions.SO_SNDBUF, 16 * 1024); // what waits, waits in the session
        near.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), link.port()));
        return Session.server(listener.accept());
    }

    /** The peer gets the data that had found room, the reset of its stream, and the GoAway, in this order. */
    private static void closeWhileWriting(Scripted scripted, Stream stream, Call.Action meanwhile) throws Exception {
        scripted.peer().send(window(stream.id(), 0, 64 << 20));
        Call<Void> write = Call.run(() -> stream.getOutputStream().write(new byte[32 << 20]));
        write.awaitBlocked();
        scripted.session().close();
        meanwhile.run();
        write.failure(SessionException.class);
        WireFrame last = null;
        WireFrame frame = scripted.peer().next();
        for (; !frame.equals(goAway(0)); frame = scripted.peer().next()) last = frame;
        assertEquals(window(stream.id(), RST, 0), last);
        scripted.peer().expectEnd();
    }
}
