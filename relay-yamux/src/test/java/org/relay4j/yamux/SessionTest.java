package org.relay4j.yamux;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.channels.SocketChannel;
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
import org.relay4j.testing.MemoryPipe;
import org.relay4j.testing.Pattern;
import org.relay4j.testing.Transport;

/** Two sessions that work with each other, in the scenarios of the tests of hashicorp/yamux and go-yamux. */
class SessionTest {
    @RegisterExtension
    static final LeakCheck LEAKS = new LeakCheck.EachTest();

    @ParameterizedTest
    @EnumSource
    void pingTakesTimeInBothDirections(Transport transport) throws Exception {
        try (SessionPair pair = SessionPair.over(transport)) {
            assertTrue(pair.client().ping().toNanos() > 0);
            assertTrue(pair.server().ping().toNanos() > 0);
        }
    }

    @ParameterizedTest
    @EnumSource
    void bothEndsOpenAndAcceptAtTheSameTime(Transport transport) throws Exception {
        try (SessionPair pair = SessionPair.over(transport)) {
            Call<Stream> clientAccepts = Call.of(pair.client()::accept);
            Call<Stream> serverAccepts = Call.of(pair.server()::accept);
            Call<Stream> clientOpens = Call.of(pair.client()::open);
            Call<Stream> serverOpens = Call.of(pair.server()::open);
            assertEquals(1, clientOpens.result().id());
            assertEquals(2, serverOpens.result().id());
            assertEquals(2, clientAccepts.result().id());
            assertEquals(1, serverAccepts.result().id());
            assertSame(pair.client(), clientAccepts.result().session());
        }
    }

    @ParameterizedTest
    @EnumSource
    void smallMessagesOneAfterTheOther(Transport transport) throws Exception {
        try (SessionPair pair = SessionPair.over(transport)) {
            SessionPair.StreamPair stream = pair.open();
            Call<Void> sender = Call.run(() -> {
                for (int i = 0; i < 1000; i++) stream.here().getOutputStream().write("test".getBytes(UTF_8));
                stream.here().close();
            });
            for (int i = 0; i < 1000; i++) {
                byte[] message = stream.there().getInputStream().readNBytes(4);
                assertEquals("test", new String(message, UTF_8));
            }
            assertEquals(-1, stream.there().getInputStream().read());
            stream.there().close();
            sender.result();
            Await.until(
                    "no stream is left",
                    () -> pair.client().streamCount() + pair.server().streamCount() == 0);
        }
    }

    @Tag("slow")
    @ParameterizedTest
    @EnumSource
    void muchDataInBothDirectionsAtOnce(Transport transport) throws Exception {
        long length = 32L << 20;
        try (SessionPair pair = SessionPair.over(transport)) {
            SessionPair.StreamPair stream = pair.open();
            Call<Void> there = Call.run(() -> send(stream.here(), 1, length));
            Call<Void> back = Call.run(() -> send(stream.there(), 2, length));
            Call<Void> taken = Call.run(() -> take(stream.there(), 1, length));
            take(stream.here(), 2, length);
            there.result();
            back.result();
            taken.result();
            Await.until(
                    "no stream is left",
                    () -> pair.client().streamCount() + pair.server().streamCount() == 0);
        }
    }

    @ParameterizedTest
    @EnumSource
    void manyStreamsPingPong(Transport transport) throws Exception {
        int streams = 50;
        int rounds = 30;
        try (SessionPair pair = SessionPair.over(transport)) {
            List<Call<Void>> calls = new ArrayList<>();
            for (int i = 0; i < streams; i++) {
                calls.add(Call.run(() -> echo(pair.server().accept())));
                calls.add(Call.run(() -> {
                    try (Stream stream = pair.client().open()) {
                        for (int n = 0; n < rounds; n++) {
                            byte[] message = Pattern.bytes(stream.id() * 1000L + n, 500);
                            stream.getOutputStream().write(message);
                            Pattern.check(stream.id() * 1000L + n, 500, stream.getInputStream());
                        }
                    }
                }));
            }
            calls.forEach(Call::result);
            Await.until(
                    "no stream is left",
                    () -> pair.client().streamCount() + pair.server().streamCount() == 0);
        }
    }

    @Tag("slow")
    @ParameterizedTest
    @EnumSource
    void manyStreamsSendMuch(Transport transport) throws Exception {
        int streams = 20;
        long length = 1L << 20;
        try (SessionPair pair = SessionPair.over(transport)) {
            List<Call<Void>> calls = new ArrayList<>();
            for (int i = 0; i < streams; i++) {
                SessionPair.StreamPair stream = pair.open();
                long seed = stream.here().id();
                calls.add(Call.run(() -> send(stream.here(), seed, length)));
                calls.add(Call.run(() -> take(stream.there(), seed, length)));
                calls.add(Call.run(() -> send(stream.there(), -seed, length)));
                calls.add(Call.run(() -> take(stream.here(), -seed, length)));
            }
            calls.forEach(Call::result);
        }
    }

    @Tag("slow")
    @ParameterizedTest
    @EnumSource
    void unequalWindowsNeverStall(Transport transport) throws Exception {
        SessionOptions large = SessionOptions.builder().receiveWindow(3 << 20).build();
        SessionOptions odd = SessionOptions.builder().receiveWindow(262_147).build();
        try (SessionPair pair = SessionPair.over(transport, large, odd)) {
            for (int i = 0; i < 4; i++) {
                SessionPair.StreamPair stream = pair.open();
                Call<Void> there = Call.run(() -> send(stream.here(), 1, 5L << 20));
                Call<Void> back = Call.run(() -> send(stream.there(), 2, 5L << 20));
                Call<Void> taken = Call.run(() -> take(stream.there(), 1, 5L << 20));
                take(stream.here(), 2, 5L << 20);
                there.result();
                back.result();
                taken.result();
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void announcedWindowIsFilledThoughNobodyReads(Transport transport) throws Exception {
        int window = 2 << 20;
        SessionOptions options = SessionOptions.builder().receiveWindow(window).build();
        try (SessionPair pair = SessionPair.over(transport, options)) {
            SessionPair.StreamPair stream = pair.open();
            // The acceptor's window came with the SYN, the opener's comes with the ACK.
            Call<Void> byAcceptor =
                    Call.run(() -> Pattern.write(1, window, stream.there().getOutputStream()));
            Call<Void> byOpener =
                    Call.run(() -> Pattern.write(2, window, stream.here().getOutputStream()));
            byAcceptor.result();
            byOpener.result();
            Await.until(
                    "all has arrived",
                    () -> stream.here().getInputStream().available() == window
                            && stream.there().getInputStream().available() == window);
            Pattern.check(1, window, stream.here().getInputStream());
            Pattern.check(2, window, stream.there().getInputStream());
        }
    }

    @ParameterizedTest
    @EnumSource
    void slowReaderOfOneStreamDoesNotStopTheOthers(Transport transport) throws Exception {
        try (SessionPair pair = SessionPair.over(transport)) {
            SessionPair.StreamPair stuck = pair.open();
            Call<Void> blocked = Call.run(() -> stuck.here().getOutputStream().write(new byte[1 << 20]));
            blocked.awaitBlocked();
            SessionPair.StreamPair other = pair.open();
            Call<Void> sender = Call.run(() -> send(other.here(), 7, 4L << 20));
            take(other.there(), 7, 4L << 20);
            sender.result();
            assertFalse(blocked.isDone());
            stuck.there().getInputStream().readNBytes(1 << 20);
            blocked.result();
        }
    }

    @ParameterizedTest
    @EnumSource
    void worksFromPlatformThreads(Transport transport) throws Exception {
        try (SessionPair pair = SessionPair.over(transport)) {
            Call<Void> server =
                    Call.runOnPlatformThread(() -> echo(pair.server().accept()));
            Call<Void> client = Call.runOnPlatformThread(() -> {
                try (Stream stream = pair.client().open()) {
                    Call<Void> sender = Call.runOnPlatformThread(() -> {
                        Pattern.write(3, 1 << 20, stream.getOutputStream());
                        stream.shutdownOutput();
                    });
                    Pattern.check(3, 1 << 20, stream.getInputStream());
                    assertEquals(-1, stream.getInputStream().read());
                    sender.result();
                }
            });
            client.result();
            server.result();
        }
    }

    @Test
    void channelThatCannotBeServedIsRefusedAtOnce() throws Exception {
        MemoryPipe closed = MemoryPipe.pair(16)[0];
        closed.close();
        assertThrows(IOException.class, () -> Session.client(closed));
        SocketChannel socket = SocketChannel.open();
        assertThrows(IOException.class, () -> Session.client(socket)); // not connected
        socket.close();
        assertThrows(IOException.class, () -> Session.client(socket));
    }

    private static void echo(Stream stream) throws IOException {
        try (stream) {
            stream.getInputStream().transferTo(stream.getOutputStream());
        }
    }

    private static void send(Stream stream, long seed, long length) throws IOException {
        Pattern.write(seed, length, stream.getOutputStream());
        stream.shutdownOutput();
    }

    private static void take(Stream stream, long seed, long length) throws IOException {
        Pattern.check(seed, length, stream.getInputStream());
        assertEquals(-1, stream.getInputStream().read());
    }
}
