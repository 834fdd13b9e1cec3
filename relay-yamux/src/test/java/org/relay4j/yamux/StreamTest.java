package org.relay4j.yamux;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.ACK;
import static org.relay4j.testing.WireFrame.FIN;
import static org.relay4j.testing.WireFrame.RST;
import static org.relay4j.testing.WireFrame.SYN;
import static org.relay4j.testing.WireFrame.data;
import static org.relay4j.testing.WireFrame.window;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Transport;

/** The life of one stream: each direction is closed on its own, and only a FIN is an end. */
class StreamTest {
    @RegisterExtension
    static final LeakCheck LEAKS = new LeakCheck.EachTest();

    @ParameterizedTest
    @EnumSource
    void halfCloseLeavesTheOtherDirectionOpen(Transport transport) throws Exception {
        try (SessionPair pair = SessionPair.over(transport)) {
            SessionPair.StreamPair stream = pair.open();
            stream.here().getOutputStream().write("request".getBytes(UTF_8));
            stream.here().shutdownOutput();
            assertThrows(
                    StreamException.class, () -> stream.here().getOutputStream().write(1));
            assertEquals("request", new String(stream.there().getInputStream().readAllBytes(), UTF_8));
            stream.there().getOutputStream().write("reply".getBytes(UTF_8));
            stream.there().close();
            assertEquals("reply", new String(stream.here().getInputStream().readAllBytes(), UTF_8));
            assertEquals(-1, stream.here().getInputStream().read());
            stream.here().close();
            Await.until(
                    "no stream is left",
                    () -> pair.client().streamCount() + pair.server().streamCount() == 0);
        }
    }

    @ParameterizedTest
    @EnumSource
    void closeSendsEverythingWrittenBefore(Transport transport) throws Exception {
        try (SessionPair pair = SessionPair.over(transport)) {
            SessionPair.StreamPair stream = pair.open();
            stream.here().getOutputStream().write(new byte[200_000]);
            stream.here().close();
            assertEquals(200_000, stream.there().getInputStream().readAllBytes().length);
        }
    }

    @ParameterizedTest
    @EnumSource
    void closedStreamCanNeitherReadNorWrite(Transport transport) throws Exception {
        try (SessionPair pair = SessionPair.over(transport)) {
            SessionPair.StreamPair stream = pair.open();
            stream.there().getOutputStream().write(1);
            Await.until("it has arrived", () -> stream.here().getInputStream().available() == 1);
            stream.here().close();
            stream.here().close();
            assertFalse(stream.here().isOpen());
            assertThrows(
                    StreamException.class, () -> stream.here().getInputStream().read());
            assertThrows(
                    StreamException.class, () -> stream.here().getInputStream().available());
            assertThrows(
                    StreamException.class, () -> stream.here().getOutputStream().write(1));
            assertThrows(
                    StreamException.class, () -> stream.here().getOutputStream().write(new byte[0]));
            stream.here().shutdownInput();
            stream.here().shutdownOutput();
            stream.here().reset();
            assertTrue(pair.client().isOpen());
        }
    }

    @ParameterizedTest
    @EnumSource
    void closeWakesThoseWhoReadAndWrite(Transport transport) throws Exception {
        try (SessionPair pair = SessionPair.over(transport)) {
            SessionPair.StreamPair stream = pair.open();
            Call<Integer> read =
                    Call.of(() -> stream.here().getInputStream().read()).awaitBlocked();
            Call<Void> write = Call.run(() -> stream.here().getOutputStream().write(new byte[1 << 20]))
                    .awaitBlocked();
            stream.here().close();
            read.failure(StreamException.class);
            write.failure(StreamException.class);
            stream.there().close(); // a window of data and the FIN are there
            assertTrue(pair.client().isOpen());
        }
    }

    @ParameterizedTest
    @EnumSource
    void resetWakesThoseWhoReadAndWriteAtBothEnds(Transport transport) throws Exception {
        try (SessionPair pair = SessionPair.over(transport)) {
            SessionPair.StreamPair stream = pair.open();
            Call<Void> write = Call.run(() -> stream.here().getOutputStream().write(new byte[1 << 20]))
                    .awaitBlocked();
            Call<Integer> read =
                    Call.of(() -> stream.here().getInputStream().read()).awaitBlocked();
            Call<Void> otherWrite =
                    Call.run(() -> stream.there().getOutputStream().write(new byte[1 << 20]));
            assertTrue(read.result() >= 0);
            otherWrite.awaitBlocked();
            stream.here().reset();
            write.failure(StreamResetException.class);
            otherWrite.failure(StreamResetException.class);
            assertThrows(
                    StreamResetException.class,
                    () -> stream.here().getInputStream().read());
            assertThrows(
                    StreamResetException.class,
                    () -> stream.there().getInputStream().readAllBytes());
            assertEquals(0, pair.client().streamCount());
            assertEquals(0, pair.server().streamCount());
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatCameBeforeTheFinStaysReadableAfterAReset(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.client(transport)) {
            Stream complete = scripted.open();
            Stream torso = scripted.open();
            scripted.peer().send(data(1, "whole"), window(1, FIN, 0), window(1, RST, 0));
            scripted.peer().send(data(3, "part"), window(3, RST, 0));
            scripted.peer().expectNothing();
            assertThrows(
                    StreamResetException.class, () -> complete.getOutputStream().write(1));
            assertEquals("whole", new String(complete.getInputStream().readAllBytes(), UTF_8));
            assertThrows(
                    StreamResetException.class, () -> torso.getInputStream().read());
        }
    }

    @ParameterizedTest
    @EnumSource
    void shutInputThrowsAwayAndKeepsTheSenderGoing(Transport transport) throws Exception {
        try (SessionPair pair = SessionPair.over(transport)) {
            SessionPair.StreamPair stream = pair.open();
            Call<Integer> read =
                    Call.of(() -> stream.there().getInputStream().read()).awaitBlocked();
            stream.there().shutdownInput();
            assertEquals(-1, read.result());
            stream.here().getOutputStream().write(new byte[2 << 20]); // eight windows
            assertEquals(-1, stream.there().getInputStream().read());
            stream.there().getOutputStream().write('r');
            assertEquals('r', stream.here().getInputStream().read());
        }
    }

    @ParameterizedTest
    @EnumSource
    void peerThatSendsToAClosedStreamIsToldAfterAWhile(Transport transport) throws Exception {
        SessionOptions options =
                SessionOptions.builder().lingerTimeout(Duration.ofMillis(200)).build();
        try (Scripted scripted = Scripted.client(transport, options)) {
            Stream stream = scripted.open();
            stream.getOutputStream().write("done".getBytes(UTF_8));
            stream.close();
            scripted.peer().expect(data(1, "done"), window(1, FIN, 0));
            scripted.peer().send(data(1, new byte[200_000]));
            scripted.peer().expect(window(1, RST, 0)); // and no credit before
            assertEquals(0, scripted.session().streamCount());
        }
    }

    @ParameterizedTest
    @EnumSource
    void idleHalfClosedStreamIsGivenUp(Transport transport) throws Exception {
        SessionOptions options = SessionOptions.builder()
                .halfCloseTimeout(Duration.ofMillis(200))
                .build();
        try (Scripted scripted = Scripted.client(transport, options)) {
            Stream stream = scripted.open();
            stream.shutdownOutput();
            scripted.peer().expect(window(1, FIN, 0));
            assertThrows(
                    StreamResetException.class, () -> stream.getInputStream().read());
            scripted.peer().expect(window(1, RST, 0));
            assertTrue(scripted.session().isOpen());
        }
    }

    @ParameterizedTest
    @EnumSource
    void streamThatWasNeverAcceptedCanBeClosedByItsOpener(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.server(transport)) {
            scripted.peer().send(window(1, SYN, 0), window(1, FIN, 0), window(3, SYN, 0), data(3, "x"));
            Stream first = scripted.session().accept(Await.DEADLINE);
            scripted.peer().expect(window(1, ACK, 0));
            Stream second = scripted.session().accept(Await.DEADLINE);
            scripted.peer().expect(window(3, ACK, 0));
            assertEquals(-1, first.getInputStream().read());
            assertEquals('x', second.getInputStream().read());
            first.close();
            scripted.peer().expect(window(1, FIN, 0));
            assertEquals(1, scripted.session().streamCount());
        }
    }

    @ParameterizedTest
    @EnumSource
    void readsAndWritesCheckTheirArguments(Transport transport) throws Exception {
        try (SessionPair pair = SessionPair.over(transport)) {
            SessionPair.StreamPair stream = pair.open();
            InputStream in = stream.here().getInputStream();
            assertThrows(IndexOutOfBoundsException.class, () -> in.read(new byte[4], 2, 3));
            assertThrows(
                    IndexOutOfBoundsException.class,
                    () -> stream.here().getOutputStream().write(new byte[4], -1, 2));
            assertThrows(IllegalArgumentException.class, () -> stream.here().setReadTimeout(Duration.ofNanos(-1)));
            assertThrows(IllegalArgumentException.class, () -> stream.here().setWriteTimeout(Duration.ofNanos(-1)));
            assertEquals(0, in.read(new byte[0]));
            stream.here().getOutputStream().write(new byte[0]);
            stream.here().getOutputStream().flush();
            stream.there().getOutputStream().write(0xFF);
            assertEquals(0xFF, in.read());
        }
    }

    @ParameterizedTest
    @EnumSource
    void streamsOfItsStreamCloseIt(Transport transport) throws Exception {
        try (SessionPair pair = SessionPair.over(transport)) {
            SessionPair.StreamPair stream = pair.open();
            stream.here().getOutputStream().close();
            assertEquals(-1, stream.there().getInputStream().read());
            stream.there().getInputStream().close();
            assertThrows(
                    IOException.class, () -> stream.there().getOutputStream().write(1));
            Await.until(
                    "no stream is left",
                    () -> pair.client().streamCount() + pair.server().streamCount() == 0);
        }
    }
}
