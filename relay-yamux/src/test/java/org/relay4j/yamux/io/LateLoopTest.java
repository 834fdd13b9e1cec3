package org.relay4j.yamux.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.relay4j.testing.Await;
import org.relay4j.testing.Transport;
import org.relay4j.yamux.SessionInternals;
import org.relay4j.yamux.SessionOptions;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.CoreOptions;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.Role;
import org.relay4j.yamux.core.SessionEvents;
import org.relay4j.yamux.core.StreamHandler;

/** A loop that did not run for a while, because its process was stopped or had to wait for a processor. */
class LateLoopTest {
    private static final Duration INTERVAL = Duration.ofMillis(100);
    private static final Duration TIMEOUT = Duration.ofMillis(200); // so a tick is due every 25 ms
    private static final Duration ABSENCE = Duration.ofMillis(500);
    private static final Duration AFTER_A_TICK = Duration.ofMillis(60);

    private final CompletableFuture<@Nullable Cause> seen =
            new CompletableFuture<>(); // the end, if any, when the loop is back
    private final CompletableFuture<Cause> end = new CompletableFuture<>();
    private LoopDriver driver;

    /** The peer has no chance to be heard during the absence, and its whole time afterwards. */
    @Test
    void absenceOfALoopIsNoSilenceOfItsPeers() throws Exception {
        Loop loop = new Loop("relay-test-late", true);
        List<SocketChannel> ends = Transport.sockets();
        Sockets.configure(ends.get(0));
        CoreOptions options = SessionInternals.relayedOptions(SessionOptions.builder()
                .keepAliveInterval(INTERVAL)
                .keepAliveTimeout(TIMEOUT)
                .build());
        driver = new LoopDriver(loop, new StoppedWire(ends.get(0), loop), Role.SERVER, options, new Events(), true);
        driver.start();
        assertNull(seen.get(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS));
        assertEquals(
                Cause.Kind.TIMEOUT,
                end.get(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS).kind());
        ends.get(1).close();
        assertTrue(driver.awaitTermination(Await.DEADLINE.toNanos()));
        loop.stop();
        assertTrue(loop.join(Await.DEADLINE.toMillis()));
    }

    /** The thread of the loop stops when it has written the first ping. */
    private final class StoppedWire extends ForwardingWire {
        private final Loop loop;
        private boolean stopped;

        StoppedWire(SocketChannel channel, Loop loop) {
            super(new PlainWire(channel));
            this.loop = loop;
        }

        @Override
        public int write(ByteBuffer from) throws IOException {
            int length = super.write(from);
            if (!stopped) stop();
            return length;
        }

        private void stop() {
            stopped = true;
            long begun = System.nanoTime();
            loop.schedule(
                    AFTER_A_TICK.toNanos(), () -> seen.complete(driver.mux().ended()));
            Await.until("the absence is over", () -> System.nanoTime() - begun > ABSENCE.toNanos());
        }
    }

    private final class Events implements SessionEvents {
        @Override
        public @Nullable StreamHandler onStream(MuxStream stream) {
            return null;
        }

        @Override
        public void onOpenable() {}

        @Override
        public void onPong(long roundTrip) {}

        @Override
        public void onGoAway() {}

        @Override
        public void onEnd(Cause cause) {
            end.complete(cause);
        }
    }
}
