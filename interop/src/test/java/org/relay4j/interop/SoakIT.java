package org.relay4j.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.server.RelayServer;
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.yamux.SessionOptions;

/** Our server and a forwarder on hashicorp/yamux under many short connections of all kinds: the session must live on. */
@ExtendWith(LeakCheck.EachTest.class)
@Tag("peers")
@Tag("slow")
class SoakIT {
    private static final int VISITORS = 64; // at once
    private static final long TIME = TimeUnit.MILLISECONDS.toNanos(
            Long.getLong("relay.test.soak.millis", Boolean.getBoolean("relay.nightly") ? 15_000 : 5_000));

    private final AtomicInteger conversations = new AtomicInteger();
    private final AtomicBoolean failed = new AtomicBoolean();

    @Test
    void javaServerWithGoForwarder() throws Exception {
        long seed = Long.getLong("relay.test.seed", System.nanoTime());
        System.out.println("seed: -Drelay.test.seed=" + seed);
        ServerSocket listener = BehaviourServer.listen();
        try (BehaviourServer service = BehaviourServer.on(listener);
                RelayServer server = JavaServer.start(SessionOptions.defaults());
                PeerProcess forwarder = PeerProcess.go(
                        "forwarder", List.of(), "127.0.0.1:" + server.port(), "127.0.0.1:" + listener.getLocalPort())) {
            int publicPort = forwarder.number("public port ");
            load(publicPort, new Random(seed), forwarder);
            assertEquals(1, server.tunnelCount(), forwarder::toString);
            assertTrue(forwarder.isAlive(), forwarder::toString);
            Await.until("all visitors have left", () -> server.visitorCount() == 0);
            talk(publicPort, new Random(seed));
            System.out.println(conversations + " conversations, " + service.failureCount() + " reset as intended");
        }
    }

    private void load(int publicPort, Random seeds, PeerProcess forwarder) throws Exception {
        List<Future<Void>> visitors = new ArrayList<>();
        long end = System.nanoTime() + TIME;
        for (int n = 0; n < VISITORS; n++) {
            Random random = new Random(seeds.nextLong());
            visitors.add(Visitor.beside(() -> {
                try {
                    while (System.nanoTime() - end < 0 && !failed.get()) talk(publicPort, random);
                } catch (Exception | AssertionError e) {
                    failed.set(true);
                    throw new AssertionError("a visitor has failed; " + forwarder, e);
                }
                return null;
            }));
        }
        for (Future<Void> visitor : visitors) {
            visitor.get(TIME + TimeUnit.MILLISECONDS.toNanos(Visitor.DEADLINE), TimeUnit.NANOSECONDS);
        }
    }

    /** One conversation of a kind that chance chooses. */
    private void talk(int publicPort, Random random) throws Exception {
        int kind = random.nextInt(20);
        int size = random.nextInt(random.nextInt(100) == 0 ? Visitor.MIB : 2_000);
        try (Visitor visitor = new Visitor(Visitor.connect(publicPort))) {
            if (kind < 12) visitor.echo(size, random.nextLong());
            else if (kind < 14) visitor.sink(size, random.nextLong());
            else if (kind < 16) visitor.generated(size, random.nextLong(), 100);
            else if (kind < 18) resetInTheMiddle(visitor, random);
            else if (kind < 19) visitor.reset();
            else visitor.end();
        }
        conversations.incrementAndGet();
    }

    private static void resetInTheMiddle(Visitor visitor, Random random) throws Exception {
        Xorshift expected = new Xorshift(9);
        visitor.requestGenerated(Visitor.MIB, 9);
        visitor.expect(expected, random.nextInt(100_000));
        visitor.reset();
    }
}
