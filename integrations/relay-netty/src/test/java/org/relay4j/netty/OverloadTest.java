package org.relay4j.netty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.channel.EventLoopGroup;
import java.net.Socket;
import java.net.SocketException;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.client.RelayClientOptions;
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Visitor;

/** An event loop whose queue of tasks has a bound, and is full. */
@ExtendWith(LeakCheck.EachTest.class)
class OverloadTest {
    private final CountDownLatch goOn = new CountDownLatch(1);

    @SuppressWarnings("deprecation") // as long as Netty has it
    private static EventLoopGroup bounded() {
        return new io.netty.channel.DefaultEventLoop() {
            @Override
            protected Queue<Runnable> newTaskQueue(int ignored) {
                return new LinkedBlockingQueue<>(64);
            }
        };
    }

    private static Relayed relayed() throws Exception {
        RelayClientOptions client =
                RelayClientOptions.builder().reconnect(false).build();
        return new Relayed(bounded(), client, Echo::new, options -> {});
    }

    /** Blocks the event loop until {@link #goOn}, and fills its queue. */
    private void overload(Relayed relayed) {
        CountDownLatch blocked = new CountDownLatch(1);
        relayed.group.execute(() -> {
            blocked.countDown();
            Await.until("the event loop may continue", goOn);
        });
        Await.until("the event loop is blocked", blocked);
        try {
            while (true) relayed.group.execute(() -> {});
        } catch (RejectedExecutionException e) {
            // Full.
        }
    }

    @Test
    void visitorsAreResetMeanwhileAndServedAfterwards() throws Exception {
        try (Relayed relayed = relayed()) {
            overload(relayed);
            for (int n = 0; n <= Accepting.AHEAD; n++) {
                try (Socket visitor = relayed.visit()) {
                    Visitor.expectReset(visitor);
                }
            }
            goOn.countDown();
            try (Socket visitor = relayed.visit()) {
                Visitor.send(visitor, "hello");
                Visitor.expect(visitor, "hello");
            }
            assertTrue(relayed.serverFailures.isEmpty());
        }
    }

    @Test
    void lossOfTheTunnelIsReportedAfterwards() throws Exception {
        try (Relayed relayed = relayed()) {
            overload(relayed);
            relayed.relay.close();
            relayed.acceptor.awaitEnd();
            goOn.countDown();
            Throwable failure = relayed.serverFailures.poll(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS);
            assertEquals(SocketException.class, failure.getClass());
            assertTrue(relayed.server.closeFuture().await(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS));
        }
    }
}
