package org.relay4j.yamux;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.ACK;
import static org.relay4j.testing.WireFrame.FIN;
import static org.relay4j.testing.WireFrame.RST;
import static org.relay4j.testing.WireFrame.SYN;
import static org.relay4j.testing.WireFrame.data;
import static org.relay4j.testing.WireFrame.goAway;
import static org.relay4j.testing.WireFrame.hex;
import static org.relay4j.testing.WireFrame.ping;
import static org.relay4j.testing.WireFrame.window;

import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Transport;

/** The frames that a session sends and takes, byte for byte, over each driver. */
class WireScriptTest {
    @RegisterExtension
    static final LeakCheck LEAKS = new LeakCheck.EachTest();

    private static final int WINDOW = 256 * 1024; // bytes

    @ParameterizedTest
    @EnumSource
    void streamFromBeginToEnd(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.client(transport)) {
            Stream stream = scripted.session().open();
            scripted.peer().expect(hex("0001 0001 00000001 00000000"));
            stream.getOutputStream().write("hello".getBytes(UTF_8));
            scripted.peer().expect(hex("0000 0000 00000001 00000005 68656c6c6f"));
            scripted.peer().send(hex("0001 0002 00000001 00000000"), hex("0000 0000 00000001 00000003 796573"));
            assertEquals("yes", new String(stream.getInputStream().readNBytes(3), UTF_8));
            stream.shutdownOutput();
            scripted.peer().expect(hex("0001 0004 00000001 00000000"));
            scripted.peer().send(hex("0001 0004 00000001 00000000"));
            assertEquals(-1, stream.getInputStream().read());
            assertEquals(0, scripted.session().streamCount());
            scripted.peer().expectNothing();
        }
    }

    @ParameterizedTest
    @EnumSource
    void largerWindowIsAnnouncedByOpenerAndAcceptor(Transport transport) throws Exception {
        SessionOptions options =
                SessionOptions.builder().receiveWindow(6 * 1024 * 1024).build();
        try (Scripted scripted = Scripted.client(transport, options)) {
            scripted.session().open();
            scripted.peer().expect(hex("0001 0001 00000001 005c0000"));
            scripted.peer().send(window(2, SYN, 0));
            scripted.session().accept(Await.DEADLINE);
            scripted.peer().expect(hex("0001 0002 00000002 005c0000"));
        }
    }

    @ParameterizedTest
    @EnumSource
    void acknowledgesWhenAcceptedAndNotBefore(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.server(transport)) {
            scripted.peer().send(window(1, SYN, 0), data(1, "early"));
            scripted.peer().expectNothing();
            Stream stream = scripted.session().accept(Await.DEADLINE);
            assertEquals(1, stream.id());
            scripted.peer().expect(window(1, ACK, 0));
            assertEquals("early", new String(stream.getInputStream().readNBytes(5), UTF_8));
        }
    }

    @ParameterizedTest
    @EnumSource
    void finBeforeAcceptLosesNothing(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.server(transport)) {
            scripted.peer().send(window(1, SYN, 0), data(1, "all"), window(1, FIN, 0));
            Stream stream = scripted.session().accept(Await.DEADLINE);
            scripted.peer().expect(window(1, ACK, 0));
            assertEquals("all", new String(stream.getInputStream().readAllBytes(), UTF_8));
            stream.getOutputStream().write("reply".getBytes(UTF_8));
            stream.close();
            scripted.peer().expect(data(1, "reply"), window(1, FIN, 0));
        }
    }

    @ParameterizedTest
    @EnumSource
    void streamResetWhileItWaitsToBeAcceptedIsNeverSeen(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.server(transport)) {
            scripted.peer().send(window(1, SYN, 0), window(1, RST, 0), window(3, SYN, 0));
            assertEquals(3, scripted.session().accept(Await.DEADLINE).id());
            scripted.peer().expect(window(3, ACK, 0));
        }
    }

    @ParameterizedTest
    @EnumSource
    void inputMayComeInPiecesOfAnySize(Transport transport) throws Exception {
        byte[] sent = new byte[10_000];
        new Random(1).nextBytes(sent);
        ByteArrayOutputStream wire = new ByteArrayOutputStream();
        wire.writeBytes(window(1, SYN, 0).bytes());
        for (int at = 0; at < sent.length; at += 100) {
            wire.writeBytes(
                    data(1, java.util.Arrays.copyOfRange(sent, at, at + 100)).bytes());
            wire.writeBytes(ping(0, 0).bytes());
        }
        wire.writeBytes(window(1, FIN, 0).bytes());
        try (Scripted scripted = Scripted.server(transport)) {
            Call<Void> script = Call.run(() -> scripted.peer().send(wire.toByteArray(), 7));
            Stream stream = scripted.session().accept(Await.DEADLINE);
            assertArrayEquals(sent, stream.getInputStream().readAllBytes());
            script.result();
        }
    }

    @ParameterizedTest
    @EnumSource
    void creditReturnsWhenHalfAWindowWasRead(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.server(transport)) {
            Stream stream = scripted.accept(1);
            scripted.peer().send(data(1, new byte[WINDOW]));
            Await.until(
                    "a whole window has arrived", () -> stream.getInputStream().available() == WINDOW);
            byte[] to = new byte[WINDOW];
            assertEquals(WINDOW / 2 - 1, stream.getInputStream().read(to, 0, WINDOW / 2 - 1));
            scripted.peer().expectNothing();
            assertEquals(2, stream.getInputStream().read(to, 0, 2));
            // Together with the question how long the path is, see ReceiveWindowTuner.
            scripted.peer().expect(ping(SYN, 1), window(1, 0, WINDOW / 2 + 1));
            scripted.peer().send(data(1, new byte[WINDOW / 2 + 1]));
            scripted.peer().expectNothing();
        }
    }

    @ParameterizedTest
    @EnumSource
    void sendsNoMoreThanTheWindow(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.client(transport)) {
            Stream stream = scripted.open();
            Call<Void> write = Call.run(() -> stream.getOutputStream().write(new byte[WINDOW + 10]));
            scripted.peer().expectData(1, WINDOW);
            write.awaitBlocked();
            scripted.peer().expectNothing();
            scripted.peer().send(window(1, 0, 4));
            scripted.peer().expectData(1, 4);
            scripted.peer().send(window(1, 0, 6));
            scripted.peer().expectData(1, 6);
            write.result();
        }
    }

    @ParameterizedTest
    @EnumSource
    void peerMayAnnounceALargerWindow(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.client(transport)) {
            Stream stream = scripted.session().open();
            scripted.peer().expect(window(1, SYN, 0));
            scripted.peer().send(window(1, ACK, WINDOW));
            Call<Void> write = Call.run(() -> stream.getOutputStream().write(new byte[2 * WINDOW]));
            scripted.peer().expectData(1, 2 * WINDOW);
            write.result();
        }
    }

    @ParameterizedTest
    @EnumSource
    void resetIsAResetInEitherDirection(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.client(transport)) {
            Stream ours = scripted.open();
            ours.reset();
            scripted.peer().expect(hex("0001 0008 00000001 00000000"));
            Stream theirs = scripted.open();
            scripted.peer().send(hex("0001 0008 00000003 0000002a"));
            StreamResetException failure = assertThrows(
                    StreamResetException.class, () -> theirs.getInputStream().read());
            assertEquals(42, failure.code());
            assertThrows(
                    StreamResetException.class, () -> theirs.getOutputStream().write(1));
            assertEquals(0, scripted.session().streamCount());
            scripted.peer().expectNothing();
        }
    }

    @ParameterizedTest
    @EnumSource
    void pingsAreAnsweredAndSent(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.client(transport)) {
            scripted.peer().send(hex("0002 0001 00000000 0000002a"));
            scripted.peer().expect(hex("0002 0002 00000000 0000002a"));
            Call<Duration> ping = Call.of(scripted.session()::ping);
            int value = scripted.peer().next().length();
            scripted.peer().send(ping(ACK, value));
            assertTrue(ping.result().toNanos() > 0);
        }
    }

    @ParameterizedTest
    @EnumSource
    void streamOverTheLimitsIsRefused(Transport transport) throws Exception {
        SessionOptions options =
                SessionOptions.builder().backlog(2).maxStreams(3).build();
        try (Scripted scripted = Scripted.server(transport, options)) {
            scripted.peer().send(window(1, SYN, 0), window(3, SYN, 0), window(5, SYN, 0));
            scripted.peer().expect(window(5, RST, 0));
            Stream first = scripted.session().accept(Await.DEADLINE);
            scripted.peer().expect(window(1, ACK, 0));
            scripted.peer().send(window(7, SYN, 0));
            scripted.peer().expectNothing();
            scripted.session().accept(Await.DEADLINE);
            scripted.peer().expect(window(3, ACK, 0));
            scripted.peer().send(window(9, SYN, 0)); // the backlog has room, the session has not
            scripted.peer().expect(window(9, RST, 0));
            first.close();
            scripted.peer().expect(window(1, FIN, 0));
            scripted.peer().send(window(1, FIN, 0), window(11, SYN, 0));
            scripted.session().accept(Await.DEADLINE);
            scripted.peer().expect(window(7, ACK, 0));
            scripted.session().accept(Await.DEADLINE);
            scripted.peer().expect(window(11, ACK, 0));
        }
    }

    @ParameterizedTest
    @EnumSource
    void framesOfUnknownStreamsAreIgnored(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.client(transport)) {
            scripted.peer().send(data(77, "lost"), window(78, 0, 5), window(79, FIN, 0), window(80, RST, 0));
            scripted.peer().expectNothing();
            assertTrue(scripted.session().isOpen());
        }
    }

    @ParameterizedTest
    @EnumSource
    void dataBehindFinResetsThatStreamAlone(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.client(transport)) {
            Stream broken = scripted.open();
            Stream healthy = scripted.open();
            scripted.peer().send(window(1, FIN, 0), data(1, "more"), data(3, "ok"));
            scripted.peer().expect(window(1, RST, 0));
            assertEquals("ok", new String(healthy.getInputStream().readNBytes(2), UTF_8));
            assertThrows(
                    StreamResetException.class, () -> broken.getOutputStream().write(1));
        }
    }

    @ParameterizedTest
    @EnumSource
    void goAwayFollowsTheLastStream(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.client(transport)) {
            Stream stream = scripted.open();
            scripted.session().goAway();
            scripted.peer().send(window(2, SYN, 0));
            scripted.peer().expect(window(2, RST, 0));
            stream.getOutputStream().write('x');
            scripted.peer().expect(data(1, "x"));
            stream.close();
            scripted.peer().expect(window(1, FIN, 0));
            scripted.peer().send(window(1, FIN, 0));
            scripted.peer().expect(hex("0003 0000 00000000 00000000"));
            assertTrue(scripted.session().isOpen());
        }
    }

    @ParameterizedTest
    @EnumSource
    void closeWhenDoneSaysSoAtOnceAndEndsWithTheLastStream(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.client(transport)) {
            Stream stream = scripted.open();
            scripted.session().closeWhenDone();
            scripted.peer().expect(goAway(0));
            SessionException late = assertThrows(
                    SessionException.class, () -> scripted.session().open());
            assertEquals(SessionException.Reason.NO_MORE_STREAMS, late.reason());
            scripted.peer().send(data(1, "last"), window(1, FIN, 0));
            assertEquals("last", new String(stream.getInputStream().readAllBytes(), UTF_8));
            stream.close();
            scripted.peer().expect(window(1, FIN, 0));
            Await.until("the session is closed", () -> !scripted.session().isOpen());
            assertEquals(
                    SessionException.Reason.CLOSED_LOCALLY,
                    scripted.session().ended().reason());
        }
    }

    @ParameterizedTest
    @EnumSource
    void closeResetsStreamsAndSaysGoodbye(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.client(transport)) {
            Stream stream = scripted.open();
            stream.getOutputStream().write("written".getBytes(UTF_8));
            scripted.session().close();
            scripted.peer().expect(data(1, "written"), window(1, RST, 0), goAway(0));
            scripted.peer().expectEnd();
            assertFalse(scripted.session().isOpen());
        }
    }

    @ParameterizedTest
    @EnumSource
    void violationIsAnsweredWithGoAwayBeforeTheConnectionEnds(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.client(transport)) {
            scripted.peer().send(hex("0101 0000 00000000 00000000"));
            scripted.peer().expect(goAway(1));
            scripted.peer().expectEnd();
            SessionException failure = assertThrows(
                    SessionException.class, () -> scripted.session().accept());
            assertEquals(SessionException.Reason.PROTOCOL_ERROR, failure.reason());
            assertTrue(failure.getMessage().contains("version 1"), failure.getMessage());
        }
    }

    @ParameterizedTest
    @EnumSource
    void moreThanTheWindowEndsTheSession(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.server(transport)) {
            Stream stream = scripted.accept(1);
            scripted.peer().send(data(1, new byte[WINDOW]), data(1, "x"));
            scripted.peer().expect(goAway(1));
            SessionException failure = assertThrows(
                    SessionException.class, () -> stream.getInputStream().read());
            assertEquals(SessionException.Reason.PROTOCOL_ERROR, failure.reason());
        }
    }
}
