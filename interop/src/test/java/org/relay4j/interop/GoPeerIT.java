package org.relay4j.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.CsvSource;
import org.relay4j.testing.Await;
import org.relay4j.yamux.SessionException;
import org.relay4j.yamux.SessionException.Reason;
import org.relay4j.yamux.SessionOptions;
import org.relay4j.yamux.Stream;
import org.relay4j.yamux.StreamException;
import org.relay4j.yamux.StreamResetException;

/** Streams from our session to one of hashicorp/yamux, and how each side learns of the end of the other. */
@ParameterizedClass
@CsvSource({
    "CLIENT_ON_LOOP, DEFAULT",
    "SERVER_ON_LOOP, LIKE_FRP",
    "CLIENT_ON_THREADS, LIKE_FRP",
    "SERVER_ON_THREADS, DEFAULT"
})
@Tag("peers")
class GoPeerIT extends Scenarios {
    private final YamuxPeer.Kind kind;
    private final Windows windows;
    private YamuxPeer peer;

    GoPeerIT(YamuxPeer.Kind kind, Windows windows) {
        this.kind = kind;
        this.windows = windows;
    }

    @Override
    Socket connect() throws Exception {
        if (peer == null) start(windows.options().build());
        return peer.session().open().asSocket();
    }

    private void start(SessionOptions options, String... flags) throws Exception {
        peer = keep(YamuxPeer.serving(Peer.HASHICORP, kind, options, windows.flags(flags)));
    }

    private Stream open(String request) throws Exception {
        if (peer == null) start(windows.options().build());
        return peer.open(request, Duration.ofMillis(Visitor.DEADLINE));
    }

    @Test
    void resetOfOursIsAnErrorInGo() throws Exception {
        Stream stream = open("Ex");
        assertEquals('x', stream.getInputStream().read());
        stream.reset();
        peer.process().await("stream \\d+: connection reset");
        assertThrows(StreamResetException.class, () -> stream.getInputStream().read());
        servedVisitor();
    }

    /** FIN, and RST when the close timeout is over; the module has no call for a reset. */
    @Test
    void closeTimeoutOfGoResetsTheStream() throws Exception {
        start(windows.options().build(), "-close-timeout", "100ms");
        Stream stream = open("Rx");
        assertEquals(-1, stream.getInputStream().read());
        assertThrows(StreamResetException.class, () -> {
            while (true) stream.getOutputStream().write(new byte[Visitor.MIB]);
        });
        servedVisitor();
    }

    @Test
    void deathOfTheGoProcessIsAFailure() throws Exception {
        Stream idle = open("E");
        Stream cut = open("K");
        assertEquals(Reason.CONNECTION_LOST, YamuxPeer.failure(cut).reason());
        assertEquals(Reason.CONNECTION_LOST, YamuxPeer.failure(idle).reason());
        assertEquals(9, peer.process().awaitExit());
        assertThrows(SessionException.class, peer.session()::open);
        assertThrows(SessionException.class, peer.session()::accept);
        assertEquals(0, peer.session().streamCount());
    }

    @Test
    void endOfTheGoSessionIsAFailure() throws Exception {
        Stream idle = open("E");
        Stream cut = open("C");
        assertEquals(Reason.CONNECTION_LOST, YamuxPeer.failure(cut).reason());
        assertEquals(Reason.CONNECTION_LOST, YamuxPeer.failure(idle).reason());
        assertTrue(peer.process().isAlive());
    }

    @Test
    void theSameSeenThroughASocket() throws Exception {
        Visitor cut = visitor();
        cut.request('C');
        cut.expectReset(new Xorshift(Visitor.CUT_SEED));
        assertThrows(SocketException.class, () -> cut.send(new Xorshift(1), 1));
    }

    @Test
    void endWithoutAnyStreamIsClean() throws Exception {
        try (Visitor visitor = servedVisitor()) {
            visitor.end();
            visitor.expectEnd();
        }
        Await.until("no stream is left", () -> peer.session().streamCount() == 0);
        peer.process().close();
        SessionException end = assertThrows(SessionException.class, peer.session()::accept);
        assertEquals(Reason.CLOSED_BY_PEER, end.reason());
        assertTrue(end.isClean());
    }

    @Test
    void closingTheSessionIsAnErrorInGo() throws Exception {
        Stream uploading = open("S");
        uploading.getOutputStream().write(new byte[Visitor.MIB / 8]);
        Visitor downloading = visitor();
        Xorshift expected = new Xorshift(7);
        downloading.requestGenerated(ENDLESS, 7);
        downloading.expect(expected, Visitor.MIB);
        Visitor idle = servedVisitor();
        peer.session().close();
        int first = uploading.id();
        peer.process().await("stream " + first + ": connection reset");
        peer.process().await("stream " + (first + 2) + ERROR_IN_WRITE);
        peer.process().await("stream " + (first + 4) + ERROR_IN_WRITE);
        peer.process().await("session ended: ");
        assertThrows(SessionException.class, () -> uploading.getOutputStream().write(1));
        idle.expectReset(new Xorshift(1));
        downloading.expectReset(expected);
    }

    @Test
    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "has no signals")
    void frozenGoProcessIsDetectedByKeepAlive() throws Exception {
        start(windows.options().keepAliveTimeout(Duration.ofMillis(500)).build());
        Stream stream = open("Ex");
        assertEquals('x', stream.getInputStream().read());
        peer.process().signal("STOP");
        assertEquals(Reason.TIMEOUT, YamuxPeer.failure(stream).reason());
        assertFalse(peer.session().isOpen());
    }

    @Test
    void writingBehindOurOwnEndFailsOnlyThere() throws Exception {
        Stream stream = open("Ex");
        stream.shutdownOutput();
        assertThrows(StreamException.class, () -> stream.getOutputStream().write(1));
        assertEquals('x', stream.getInputStream().read());
        assertEquals(-1, stream.getInputStream().read());
    }
}
