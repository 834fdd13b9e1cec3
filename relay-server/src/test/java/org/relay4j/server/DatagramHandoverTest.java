package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.relay4j.testing.Await;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.LoopGroup;

/** Datagrams that wait for another loop. */
class DatagramHandoverTest {
    private static final int SIZE = 60_000; // bytes

    @Test
    void datagramsThatWaitAreBoundedForEachVisitorAndForAll() throws Exception {
        try (LoopGroup group = new LoopGroup("relay-test", 1, true)) {
            Loop loop = group.next();
            CountDownLatch release = new CountDownLatch(1);
            loop.execute(() -> awaitQuietly(release)); // it is busy
            AtomicLong ofPort = new AtomicLong();
            AtomicInteger arrived = new AtomicInteger();
            List<DatagramHandover> visitors = new ArrayList<>();
            int most = DatagramHandover.MOST_OF_PORT / SIZE;
            for (int n = 0; n < most + 3; n++)
                visitors.add(new DatagramHandover(loop, ofPort, datagram -> arrived.incrementAndGet()));
            int passed = 0;
            for (DatagramHandover visitor : visitors) {
                if (visitor.pass(ByteBuffer.allocate(SIZE)) == 0) passed++;
            }
            assertTrue(passed >= most - 1 && passed <= most, "passed " + passed);
            assertTrue(ofPort.get() <= DatagramHandover.MOST_OF_PORT);
            int many = passed;
            release.countDown();
            Await.until("all have arrived", () -> arrived.get() == many);
            Await.until("nothing waits", () -> ofPort.get() == 0);
            CountDownLatch again = new CountDownLatch(1);
            loop.execute(() -> awaitQuietly(again));
            DatagramHandover one = visitors.get(0);
            assertEquals(0, one.pass(ByteBuffer.allocate(SIZE)));
            assertEquals(1, one.pass(ByteBuffer.allocate(SIZE))); // the older one
            again.countDown();
            Await.until("the newer one has arrived", () -> arrived.get() == many + 1);
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            assertTrue(latch.await(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
