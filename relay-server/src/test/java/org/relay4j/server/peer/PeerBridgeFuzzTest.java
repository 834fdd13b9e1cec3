package org.relay4j.server.peer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.relay4j.yamux.core.Cause;

/** Random writes, pauses, half-closes, resets and ends on both sides of a few bridges, in an order that the seed determines. */
class PeerBridgeFuzzTest {
    private static final int SEEDS = Integer.getInteger("relay.test.seeds", 60);
    private static final int STEPS = 400;
    private static final int VISITORS = 4;
    private static final long WINDOWS = 1 << 20; // bytes; the largest window of one visitor
    private static final long OUTPUTS = 2 * 520 * 1024; // bytes
    private static final long CHUNKS = 64 * 1024; // bytes that a piece of memory may be too large

    @Test
    @Tag("slow")
    void everyByteArrivesOnceAndInOrderAndNothingIncompleteLooksComplete() {
        for (int seed = Integer.getInteger("relay.test.seed", 0); seed < SEEDS; seed++) {
            try {
                new Run(seed).run();
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }

    private static final class Run {
        private final Random random;
        private final BridgeBench bench = new BridgeBench();
        private boolean lostSession;
        private int resets;

        Run(int seed) {
            random = new Random(seed);
        }

        void run() {
            for (int n = 0; n < VISITORS; n++) bench.visit();
            for (int step = 0; step < STEPS; step++) step();
            assertTrue(bench.buffers.most <= VISITORS * 2 * (WINDOWS + CHUNKS) + OUTPUTS, "memory");
            finish();
        }

        private void step() {
            int number = random.nextInt(VISITORS);
            BridgeParty service = bench.services.get(number);
            BridgeParty party = random.nextBoolean() || service == null ? bench.visitors.get(number) : service;
            switch (random.nextInt(24)) {
                case 0, 1, 2, 3, 4 -> party.send(size());
                case 5, 6 -> party.reads(random.nextBoolean());
                case 7 -> {
                    if (random.nextInt(8) == 0) party.end();
                }
                case 8 -> {
                    if (random.nextInt(20) == 0) reset(party);
                }
                case 9 -> {
                    if (random.nextInt(200) == 0) loseSession();
                }
                case 10, 11, 12 -> {
                    Runnable task = bench.tasks.poll();
                    if (task != null) task.run();
                }
                case 13 -> {
                    bench.retry();
                    bench.runTasks();
                }
                case 14 -> {
                    if (random.nextInt(3) == 0) bench.tunnel.bandwidth = 0;
                    else bench.tunnel.allow(size());
                }
                default -> bench.move(random.nextInt(4), size());
            }
        }

        private int size() {
            return 1 + random.nextInt(random.nextInt(4) == 0 ? 400_000 : 5_000);
        }

        private void reset(BridgeParty party) {
            if (party.stream.isGone()) return;
            resets++;
            party.cut(random.nextInt(100));
        }

        private void loseSession() {
            lostSession = true;
            Cause cause = new Cause(Cause.Kind.CONNECTION_LOST, "lost");
            if (random.nextBoolean()) bench.peer.fail(cause);
            else bench.tunnel.fail(cause);
        }

        private void finish() {
            bench.tunnel.allow(Integer.MAX_VALUE);
            for (BridgeParty party : bench.visitors) party.reads(true);
            for (int round = 0; round < 200; round++) {
                bench.settle();
                for (BridgeParty service : bench.services) if (service != null) service.reads(true);
            }
            for (int n = 0; n < VISITORS; n++) {
                BridgeParty visitor = bench.visitors.get(n);
                BridgeParty service = bench.services.get(n);
                if (service == null) continue;
                check(visitor, service);
                check(service, visitor);
                if (!visitor.stream.isGone()) visitor.end();
                if (!service.stream.isGone()) service.end();
            }
            bench.settle();
            assertEquals(bench.joined(), bench.ends.size(), "each bridge ends once");
            if (lostSession) return;
            assertEquals(0, bench.tunnel.mux().streamCount());
            assertEquals(0, bench.peer.mux().streamCount());
            assertEquals(0, bench.buffers.used, "bytes in use");
            if (resets == 0) {
                for (BridgeParty visitor : bench.visitors)
                    assertTrue(visitor.atEnd, () -> bench.visitors + " / " + bench.services + bench.ends);
            }
        }

        private void check(BridgeParty from, BridgeParty to) {
            assertTrue(to.received <= from.sent);
            if (to.atEnd)
                assertTrue(
                        from.ended && to.received == from.sent,
                        () -> "looks complete, and is not: " + from + ", " + to);
            boolean whole = resets == 0 && !lostSession;
            if (whole) assertEquals(from.sent, to.received);
            if (whole && from.ended) assertTrue(to.atEnd, "the end is missing");
        }
    }
}
