package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.Test;
import org.relay4j.testing.Await;
import org.relay4j.testing.Logged;

/** The further connections of a tunnel, without a server. */
class CompanionsTest {
    @Test
    void defectDoesNotEndTheReplacementOfLostConnections() {
        RelayClientOptions options = Local.hasty(new Recorder()).connections(2).build();
        BlockingQueue<Integer> joined = new LinkedBlockingQueue<>();
        Companions companions = new Companions(options, new Companions.Joining() {
            @Override
            public TunnelConnection join(int instead, Entrance.Way way) {
                joined.add(instead);
                if (instead < 0) throw new IllegalStateException("a defect");
                return new ScriptedConnection();
            }

            @Override
            public boolean stays(TunnelConnection leaving) {
                throw new AssertionError("no server shuts down");
            }
        });
        try (Logged log = Logged.below("org.relay4j.client")) {
            companions.start();
            log.await("internal error, the tunnel continues with fewer connections");
            companions.replace(0, 0);
            Await.until("the lost one was replaced", () -> joined.size() == 2);
            assertEquals(List.of(-1, 0), List.copyOf(joined));
        }
    }

    /** Servers that announce their shutdown again and again must not make the client connect without a pause. */
    @Test
    void successorOfAConnectionThatWasAnnouncedToEndSoonComesAfterAPause() {
        Duration pause = Duration.ofMillis(300); // at least half of it
        RelayClientOptions options =
                RelayClientOptions.builder().backoff(pause, pause).build();
        BlockingQueue<Long> joined = new LinkedBlockingQueue<>(); // ns
        Companions companions = new Companions(options, new Companions.Joining() {
            @Override
            public TunnelConnection join(int instead, Entrance.Way way) {
                joined.add(System.nanoTime());
                return new ScriptedConnection();
            }

            @Override
            public boolean stays(TunnelConnection leaving) {
                return true;
            }
        });
        companions.move(new ScriptedConnection(), Duration.ofSeconds(1).toNanos());
        Await.until("the first one lasted", () -> joined.size() == 1);
        joined.clear();
        long announced = System.nanoTime();
        companions.move(new ScriptedConnection(), Duration.ofSeconds(1).toNanos() - 1);
        Await.until("it was replaced", () -> joined.size() == 1);
        assertTrue(joined.remove() - announced >= pause.toNanos() / 2, "there was no pause");
        companions.close();
    }
}
