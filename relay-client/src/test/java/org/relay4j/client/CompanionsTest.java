package org.relay4j.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.mockito.Mockito.mock;

import java.time.Duration;
import java.util.Arrays;
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
            public void join(int instead, boolean elsewhere) {
                joined.add(instead);
                if (instead < 0) throw new IllegalStateException("a defect");
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
        RelayClientOptions options = RelayClientOptions.builder()
                .backoff(Duration.ofHours(1), Duration.ofHours(1))
                .build();
        BlockingQueue<Boolean> joined = new LinkedBlockingQueue<>();
        Companions companions = new Companions(options, new Companions.Joining() {
            @Override
            public void join(int instead, boolean elsewhere) {
                joined.add(elsewhere);
            }

            @Override
            public boolean stays(TunnelConnection leaving) {
                return true;
            }
        });
        companions.move(mock(TunnelConnection.class), Duration.ofSeconds(1).toNanos());
        Await.until("the first one lasted", () -> List.copyOf(joined).equals(List.of(true)));
        companions.move(mock(TunnelConnection.class), Duration.ofSeconds(1).toNanos() - 1);
        Await.until("it pauses", CompanionsTest::isPausing);
        companions.close();
        Await.until("it ends", () -> !isPausing());
        assertEquals(1, joined.size());
    }

    private static boolean isPausing() {
        return Thread.getAllStackTraces().values().stream()
                .flatMap(Arrays::stream)
                .anyMatch(frame -> frame.getClassName().equals(Attempts.class.getName())
                        && frame.getMethodName().equals("pause"));
    }
}
