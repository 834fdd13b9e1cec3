package org.relay4j.yamux;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.relay4j.testing.Await;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Pattern;
import org.relay4j.testing.Transport;

/**
 * Calls of many threads against the end of their stream or session: none hangs, and they throw only IOException.
 *
 * <p>A platform thread ends the streams and sessions: with a single carrier, virtual threads that wake each other can starve
 * those that a platform thread has woken, such as the test.
 */
@Tag("slow")
class ShutdownRaceTest {
    private static final int ROUNDS = 25;

    @RegisterExtension
    static final LeakCheck LEAKS = new LeakCheck.EachTest();

    @ParameterizedTest
    @EnumSource
    void everyCallEndsWithItsSession(Transport transport) throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            try (SessionPair pair = SessionPair.over(transport)) {
                SessionPair.StreamPair stream = pair.open();
                CountDownLatch go = new CountDownLatch(1);
                List<Call<Void>> calls = new ArrayList<>();
                for (Session session : List.of(pair.client(), pair.server())) {
                    calls.add(again(go, () -> session.open().getOutputStream().write(1)));
                    calls.add(again(go, () -> session.accept().close()));
                    calls.add(again(go, session::ping));
                }
                for (Stream end : List.of(stream.here(), stream.there())) {
                    calls.add(again(go, () -> end.getOutputStream().write(new byte[100_000])));
                    calls.add(again(go, () -> assertTrue(end.getInputStream().read(new byte[100_000]) > 0)));
                }
                Session first = round % 2 == 0 ? pair.client() : pair.server();
                calls.add(Call.runOnPlatformThread(() -> {
                    go.await();
                    first.ping();
                    first.close();
                }));
                go.countDown();
                calls.forEach(Call::result);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyCallEndsWithItsStream(Transport transport) throws Exception {
        try (SessionPair pair = SessionPair.over(transport)) {
            for (int round = 0; round < ROUNDS; round++) {
                boolean reset = round % 2 == 0;
                SessionPair.StreamPair stream = pair.open();
                CountDownLatch go = new CountDownLatch(1);
                List<Call<Void>> calls = new ArrayList<>();
                for (Stream end : List.of(stream.here(), stream.there())) {
                    calls.add(again(go, () -> end.getOutputStream().write(new byte[100_000])));
                    calls.add(again(go, () -> {
                        if (end.getInputStream().read(new byte[100_000]) < 0) throw new IOException("end");
                    }));
                }
                calls.add(Call.runOnPlatformThread(() -> {
                    go.await();
                    Stream first = ThreadLocalRandom.current().nextBoolean() ? stream.here() : stream.there();
                    if (reset) first.reset();
                    else {
                        stream.here().close();
                        stream.there().close();
                    }
                }));
                go.countDown();
                calls.forEach(Call::result);
                stream.here().close();
                stream.there().close();
            }
            Await.until(
                    "no stream is left",
                    () -> pair.client().streamCount() + pair.server().streamCount() == 0);
            assertTrue(pair.client().isOpen());
            assertTrue(pair.server().isOpen());
        }
    }

    @ParameterizedTest
    @EnumSource
    void twoClosesAtTheSameTime(Transport transport) throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            SessionPair pair = SessionPair.over(transport);
            pair.open().here().getOutputStream().write(1);
            List<Call<Void>> calls = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                calls.add(Call.run(pair.client()::close));
                calls.add(Call.run(pair.server()::close));
            }
            calls.forEach(Call::result);
            pair.close();
            assertFalse(pair.client().isOpen());
        }
    }

    /** Streams with random lives, as many as there is time for: at the end nothing is left of any. */
    @ParameterizedTest
    @EnumSource
    void randomStreamsLeaveNothingBehind(Transport transport) throws Exception {
        long seed = System.nanoTime();
        SessionOptions options =
                SessionOptions.builder().backlog(8).maxUnacknowledged(8).build();
        List<Call<Void>> calls = new ArrayList<>();
        try (SessionPair pair = SessionPair.over(transport, options)) {
            for (int i = 0; i < 4; i++) {
                Session opener = i % 2 == 0 ? pair.client() : pair.server();
                Session acceptor = i % 2 == 0 ? pair.server() : pair.client();
                Random openers = new Random(seed + i);
                Random acceptors = new Random(seed - i - 1);
                calls.add(Call.run(() -> {
                    for (int n = 0; n < 150; n++) live(opener.open(), openers);
                }));
                calls.add(Call.run(() -> {
                    while (true) live(acceptor.accept(), acceptors);
                }));
            }
            for (int i = 0; i < calls.size(); i += 2) calls.get(i).result();
            assertTrue(pair.client().isOpen() && pair.server().isOpen(), () -> "seed " + seed);
            Await.until(
                    "no stream is left, seed " + seed,
                    () -> pair.client().streamCount() == 0 && pair.server().streamCount() == 0);
        }
        for (int i = 1; i < calls.size(); i += 2) calls.get(i).failure(SessionException.class);
    }

    private static void live(Stream stream, Random random) {
        int sent = random.nextInt(20_000);
        int way = random.nextInt(6);
        try (stream) {
            if (way == 0) return;
            stream.getOutputStream().write(Pattern.bytes(stream.id(), sent));
            if (way == 1) stream.reset();
            if (way == 2) stream.shutdownInput();
            stream.shutdownOutput();
            if (way != 3) stream.getInputStream().readAllBytes();
        } catch (StreamException e) {
            // The other end has chosen to reset, or to close.
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** Repeats the action until it fails, as it should, with an IOException. */
    private static Call<Void> again(CountDownLatch go, Call.Action action) {
        return Call.run(() -> {
            go.await();
            try {
                while (true) action.run();
            } catch (IOException e) {
                // The expected end.
            }
        });
    }
}
