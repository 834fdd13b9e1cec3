package org.relay4j.server.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.relay4j.testing.Await;

class PeerNamesTest {
    private static final InetSocketAddress SLOW = InetSocketAddress.createUnresolved("slow", 1);
    private static final InetSocketAddress FAST = InetSocketAddress.createUnresolved("fast", 1);

    private final CountDownLatch answer = new CountDownLatch(1);
    private final List<String> asked = new CopyOnWriteArrayList<>();
    private final List<String> found = new CopyOnWriteArrayList<>();

    private InetSocketAddress resolve(InetSocketAddress name) {
        asked.add(name.getHostString());
        try {
            if (name.equals(SLOW) && !answer.await(20, TimeUnit.SECONDS)) throw new AssertionError("no answer");
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        if (name.getHostString().equals("broken")) throw new IllegalStateException("a resolver that fails");
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), name.getPort());
    }

    private void find(PeerNames names, InetSocketAddress name) {
        assertTrue(names.find(name, got -> found.add(name.getHostString() + " " + got.isUnresolved())));
    }

    @Test
    void aNameThatIsSlowTakesOneThreadHoweverManyWaitForIt() {
        try (PeerNames names = new PeerNames(this::resolve)) {
            for (int n = 0; n < 100; n++) find(names, SLOW);
            find(names, FAST);
            Await.until("the other name is found", () -> found.equals(List.of("fast false")));
            assertEquals(1, asked.stream().filter("slow"::equals).count());
            answer.countDown();
            Await.until("all who wait are answered", () -> found.size() == 101);
            find(names, SLOW);
            Await.until("it is looked up again", () -> asked.size() == 3);
        }
    }

    @Test
    void aResolverThatFailsLeavesTheNameUnresolved() {
        try (PeerNames names = new PeerNames(this::resolve)) {
            find(names, InetSocketAddress.createUnresolved("broken", 1));
            Await.until("answered", () -> found.equals(List.of("broken true")));
        }
    }

    @Test
    void moreNamesThanMayWaitAreRefused() {
        try (PeerNames names = new PeerNames(name -> resolve(SLOW))) {
            int taken = 0;
            while (names.find(InetSocketAddress.createUnresolved("n" + taken, 1), got -> {})) taken++;
            assertEquals(512 + 4, taken);
            answer.countDown();
        }
        PeerNames closed = new PeerNames(this::resolve);
        closed.close();
        assertFalse(closed.find(FAST, got -> {}));
    }
}
