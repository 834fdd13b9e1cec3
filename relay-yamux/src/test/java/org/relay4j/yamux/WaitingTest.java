package org.relay4j.yamux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.testing.WireFrame.ACK;
import static org.relay4j.testing.WireFrame.FIN;
import static org.relay4j.testing.WireFrame.RST;
import static org.relay4j.testing.WireFrame.SYN;
import static org.relay4j.testing.WireFrame.data;
import static org.relay4j.testing.WireFrame.ping;
import static org.relay4j.testing.WireFrame.window;

import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Transport;

/** Calls that wait, and end by a timeout or an interrupt. */
class WaitingTest {
    private static final int WINDOW = 256 * 1024; // bytes
    private static final Duration SHORT = Duration.ofMillis(50);

    @RegisterExtension
    static final LeakCheck LEAKS = new LeakCheck.EachTest();

    // ---- timeouts

    @ParameterizedTest
    @EnumSource
    void readTimesOutAndCanBeRepeated(Transport transport) throws Exception {
        try (SessionPair pair = SessionPair.over(transport)) {
            SessionPair.StreamPair stream = pair.open();
            stream.here().setReadTimeout(SHORT);
            for (int i = 0; i < 3; i++) {
                assertThrows(
                        SocketTimeoutException.class,
                        () -> stream.here().getInputStream().read());
            }
            stream.there().getOutputStream().write(5);
            stream.here().setReadTimeout(Duration.ZERO);
            assertEquals(5, stream.here().getInputStream().read());
        }
    }

    @ParameterizedTest
    @EnumSource
    void acceptTimesOut(Transport transport) throws Exception {
        try (SessionPair pair = SessionPair.over(transport)) {
            assertThrows(SocketTimeoutException.class, () -> pair.server().accept(SHORT));
            SessionPair.StreamPair stream = pair.open();
            assertEquals(1, stream.there().id());
        }
    }

    @ParameterizedTest
    @EnumSource
    void writeThatSentNothingTimesOutAndHarmsNothing(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.client(transport)) {
            Stream stream = scripted.open();
            stream.getOutputStream().write(new byte[WINDOW]);
            scripted.peer().expectData(1, WINDOW);
            stream.setWriteTimeout(SHORT);
            SocketTimeoutException failure = assertThrows(
                    SocketTimeoutException.class, () -> stream.getOutputStream().write(new byte[10]));
            assertEquals(0, failure.bytesTransferred);
            scripted.peer().send(window(1, 0, 5));
            stream.setWriteTimeout(Duration.ZERO);
            Call<Void> write = Call.run(() -> stream.getOutputStream().write(new byte[] {1, 2, 3, 4, 5}));
            scripted.peer().expect(data(1, new byte[] {1, 2, 3, 4, 5})); // of the write that timed out nothing
            write.result();
        }
    }

    @ParameterizedTest
    @EnumSource
    void writeThatTimesOutInTheMiddleResetsTheStream(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.client(transport)) {
            Stream stream = scripted.open();
            stream.setWriteTimeout(SHORT);
            SocketTimeoutException failure = assertThrows(
                    SocketTimeoutException.class, () -> stream.getOutputStream().write(new byte[WINDOW + 1]));
            int sent = failure.bytesTransferred; // all of the window, or less where the machine is busy
            assertTrue(sent > 0 && sent <= WINDOW, failure::toString);
            scripted.peer().expectData(1, sent);
            scripted.peer().expect(window(1, RST, 0));
            assertThrows(
                    StreamResetException.class, () -> stream.getOutputStream().write(1));
            assertThrows(
                    StreamResetException.class, () -> stream.getInputStream().read());
            assertTrue(scripted.session().isOpen());
        }
    }

    @ParameterizedTest
    @EnumSource
    void resetByAWriteThatTimedOutIsNoCleanEndForTheReader(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.client(transport)) {
            Stream stream = scripted.open();
            scripted.peer().send(data(1, "never read"), window(1, FIN, 0));
            Await.until("it has arrived", () -> stream.getInputStream().available() == 10);
            stream.setWriteTimeout(SHORT);
            assertThrows(
                    SocketTimeoutException.class, () -> stream.getOutputStream().write(new byte[WINDOW + 1]));
            assertThrows(
                    StreamResetException.class, () -> stream.getInputStream().readAllBytes());
            assertFalse(stream.isOpen());
        }
    }

    // ---- interrupts

    @Tag("slow")
    @ParameterizedTest
    @EnumSource
    void interruptsWakeEverybodyAndHarmNothing(Transport transport) throws Exception {
        SessionOptions options = SessionOptions.builder().maxUnacknowledged(1).build();
        try (Scripted scripted = Scripted.client(transport, options)) {
            Stream reads = scripted.open();
            Stream writes = scripted.open();
            writes.getOutputStream().write(new byte[WINDOW]);
            scripted.peer().expectData(3, WINDOW);
            Stream unanswered = scripted.session().open();
            scripted.peer().expect(window(5, SYN, 0));
            List<Call<?>> waiting = new ArrayList<>();
            waiting.add(Call.of(() -> reads.getInputStream().read()));
            waiting.add(Call.run(() -> writes.getOutputStream().write(1)));
            waiting.add(Call.of(scripted.session()::accept));
            waiting.add(Call.of(scripted.session()::open));
            waiting.add(Call.of(scripted.session()::ping));
            for (Call<?> call : waiting) {
                call.awaitBlocked().interrupt();
                call.failure(InterruptedIOException.class);
                assertTrue(call.endedInterrupted());
            }
            scripted.peer().expect(ping(SYN, 1));
            scripted.peer().send(ping(ACK, 1), window(5, ACK, 0), data(1, "r"), window(3, 0, 1), window(2, SYN, 0));
            assertEquals('r', reads.getInputStream().read());
            writes.getOutputStream().write('w');
            scripted.peer().expect(data(3, "w"));
            assertEquals(2, scripted.session().accept(Await.DEADLINE).id());
            scripted.peer().expect(window(2, ACK, 0));
            assertEquals(7, scripted.session().open().id());
            assertTrue(unanswered.isOpen());
        }
    }

    @ParameterizedTest
    @EnumSource
    void writeThatIsInterruptedInTheMiddleResetsTheStream(Transport transport) throws Exception {
        try (Scripted scripted = Scripted.client(transport)) {
            Stream stream = scripted.open();
            Call<Void> write = Call.run(() -> stream.getOutputStream().write(new byte[WINDOW + 1]));
            scripted.peer().expectData(1, WINDOW);
            write.awaitBlocked().interrupt();
            assertEquals(WINDOW, write.failure(InterruptedIOException.class).bytesTransferred);
            scripted.peer().expect(window(1, RST, 0));
            assertThrows(
                    StreamResetException.class, () -> stream.getOutputStream().write(1));
            assertTrue(scripted.session().isOpen());
        }
    }

    @ParameterizedTest
    @EnumSource
    void interruptedThreadMayUseASessionAsLongAsItNeedNotWait(Transport transport) throws Exception {
        try (SessionPair pair = SessionPair.over(transport)) {
            SessionPair.StreamPair stream = pair.open();
            stream.there().getOutputStream().write(1);
            Await.until("it has arrived", () -> stream.here().getInputStream().available() == 1);
            Call<Integer> call = Call.of(() -> {
                Thread.currentThread().interrupt();
                stream.here().getOutputStream().write(new byte[1000]);
                int read = stream.here().getInputStream().read();
                pair.client().open().close();
                return read;
            });
            assertEquals(1, call.result());
            assertTrue(call.endedInterrupted());
            assertEquals(1000, stream.there().getInputStream().readNBytes(1000).length);
            assertTrue(pair.client().isOpen());
            assertTrue(pair.client().ping().toNanos() > 0);
        }
    }

    @ParameterizedTest
    @EnumSource
    void acceptIsNotLostToAnInterruptedThread(Transport transport) throws Exception {
        try (SessionPair pair = SessionPair.over(transport)) {
            for (int round = 0; round < 50; round++) {
                Call<Stream> first = Call.of(pair.server()::accept);
                Call<Stream> second = Call.of(pair.server()::accept);
                first.awaitBlocked();
                second.awaitBlocked();
                Call<Stream> opened = Call.of(pair.client()::open);
                first.interrupt();
                opened.result();
                Await.until("one of them has the stream", () -> second.isDone() || accepted(first));
                second.interrupt();
                Await.until("both have ended", () -> first.isDone() && second.isDone());
                assertTrue(accepted(first) != accepted(second));
            }
        }
    }

    private static boolean accepted(Call<Stream> call) {
        if (!call.isDone()) return false;
        try {
            call.result();
            return true;
        } catch (AssertionError e) {
            return false;
        }
    }

    /** A time that does not fit into nanoseconds is as good as none. */
    @Test
    void waitsThatAreLongerThanTheClockCanCount() throws Exception {
        Duration forever = ChronoUnit.FOREVER.getDuration();
        try (SessionPair pair = SessionPair.over(Transport.SOCKET)) {
            Call<Stream> accepting = Call.of(() -> pair.server().accept(forever));
            accepting.awaitBlocked();
            Stream here = pair.client().open();
            here.setReadTimeout(forever);
            here.setWriteTimeout(forever);
            Stream there = accepting.result();
            Call<Integer> reading = Call.of(() -> here.getInputStream().read());
            reading.awaitBlocked();
            there.getOutputStream().write(7);
            assertEquals(7, reading.result());
            here.getOutputStream().write(new byte[262_144]);
            Call<Void> writing = Call.run(() -> here.getOutputStream().write(8));
            writing.awaitBlocked();
            there.getInputStream().readNBytes(262_144);
            writing.result();
            Call<Boolean> ending = Call.of(() -> pair.client().awaitEnd(forever));
            pair.client().close();
            pair.server().close();
            assertTrue(ending.result());
        }
    }
}
