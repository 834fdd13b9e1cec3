package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * A core whose peer sends frames at random, legal ones and others, while its user does anything at any time. Whatever happens:
 * nothing is thrown, users hear nothing after the end, what leaves keeps to the profile, and all memory comes back. One
 * session alone: {@code -Drelay.seed=<number>}.
 */
@Tag("slow")
class FuzzTest {
    private static final Long ONLY = Long.getLong("relay.seed");

    @Test
    void framesAtRandom() {
        int violations = 0;
        for (long seed = ONLY == null ? 0 : ONLY; seed <= (ONLY == null ? 2_000 : ONLY); seed++) {
            try {
                if (new Fuzz(seed).run()) violations++;
            } catch (AssertionError | RuntimeException e) {
                throw new AssertionError("fails with -Drelay.seed=" + seed + ": " + e.getMessage(), e);
            }
        }
        int ended = violations;
        assertTrue(
                ONLY != null || (ended > 100 && ended < 1_900), () -> ended + " of 2000 sessions ended by a violation");
    }

    private static final class Fuzz implements SessionEvents, FrameTap {
        private final SplittableRandom random;
        private final CountingBuffers buffers = new CountingBuffers();
        private final Multiplexer core;
        private final List<FuzzedStream> streams = new ArrayList<>();
        private final Map<Integer, Integer> sent = new HashMap<>(); // flags of what was sent, by stream id
        private final Set<Integer> opened = new HashSet<>(); // ids whose fate the peer cannot know yet
        private final int maxStreams;
        private final int temper; // of 100 frames so many are illegal
        private long now;
        private boolean over;

        Fuzz(long seed) {
            random = new SplittableRandom(seed);
            maxStreams = 1 + random.nextInt(5);
            temper = random.nextInt(3);
            Options options =
                    new Options().maxStreams(maxStreams).maxUnacknowledged(3).hashSeed(random.nextInt());
            if (random.nextBoolean()) options.receiveWindow(300_000);
            core = new Multiplexer(random.nextBoolean() ? Role.CLIENT : Role.SERVER, options.build(), buffers, this, 0);
            core.tap(this);
        }

        /** True when the peer went too far. */
        boolean run() {
            for (int step = 0; step < 400 && !over; step++) {
                switch (random.nextInt(4)) {
                    case 0 -> user();
                    case 1 -> send(random.nextInt(50_000));
                    default -> receive();
                }
                assertTrue(core.streamCount() <= maxStreams + 200, "streams " + core.streamCount());
            }
            boolean violated = over;
            core.close();
            if (random.nextBoolean()) send(Integer.MAX_VALUE);
            core.discardOutput();
            for (FuzzedStream stream : streams) stream.core().closeRead();
            assertEquals(
                    0,
                    core.streamCount()
                            + core.parts().queue().control.size()
                            + core.parts().queue().waiting.size());
            buffers.assertAllReturned();
            return violated;
        }

        private void receive() {
            StringBuilder hex = new StringBuilder();
            for (int n = random.nextInt(6); n >= 0; n--) hex.append(frame());
            byte[] bytes = Wire.bytes(hex.toString());
            // A piece may end anywhere; now and then the rest is lost, and what follows is read as something else.
            int length = random.nextInt(100) < temper ? random.nextInt(bytes.length + 1) : bytes.length;
            for (int at = 0; at < length; ) {
                int part = Math.min(length - at, 1 + random.nextInt(random.nextBoolean() ? 20 : 100_000));
                core.receive(ByteBuffer.wrap(bytes, at, part), now);
                at += part;
            }
        }

        private String frame() {
            boolean wild = random.nextInt(100) < temper;
            int id = wild ? random.nextInt(-1, 3) : 1 + random.nextInt(12);
            int flags = random.nextInt(4) == 0 ? random.nextInt(16) : 1 << random.nextInt(6);
            boolean known = core.streams().get(id) != null;
            if (!wild && (known || core.streams().role().opens(id))) flags &= ~Wire.SYN;
            // Nobody opens an id again before it has read how the first time ended.
            if (!known && opened.contains(id)) flags &= ~Wire.SYN;
            if ((flags & Wire.SYN) != 0) opened.add(id);
            return switch (random.nextInt(wild ? 12 : 10)) {
                case 0, 1, 2, 3 -> data(flags, id, wild);
                case 4, 5, 6, 7 -> Wire.update(flags & 0xF, id & 0xFFFF_FFFFL, random.nextInt(wild ? 1 << 30 : 2_000));
                case 8 -> Wire.header(0, 2, flags, id & 0xFFFF_FFFFL, random.nextInt(3));
                case 9 -> Wire.goAway(0).repeat(random.nextInt(20) / 19);
                case 10 -> Wire.goAway(random.nextInt(3));
                default -> Wire.header(random.nextInt(2), random.nextInt(6), flags, id & 0xFFFF_FFFFL, 0);
            };
        }

        private String data(int flags, int id, boolean wild) {
            MuxStream stream = core.streams().get(id);
            int most = stream == null ? 2_000 : Math.min(stream.receiveWindow(), 20_000);
            int length = wild ? 262_145 : random.nextInt(3) == 0 ? most : random.nextInt(most + 1) / 50;
            return Wire.data(flags & 0xF, id & 0xFFFF_FFFFL, new byte[length]);
        }

        private void user() {
            now += random.nextLong(200_000_000);
            switch (random.nextInt(12)) {
                case 0 -> {
                    if (random.nextInt(5) == 0) now += 100_000_000_000L;
                    core.tick(now);
                }
                case 1 -> core.ping(now);
                case 2 -> {
                    if (core.openState() == OpenState.READY) open();
                }
                case 3 -> {
                    if (random.nextInt(50) == 0) core.drain(random.nextBoolean());
                }
                default -> {
                    if (!streams.isEmpty())
                        streams.get(random.nextInt(streams.size())).act();
                }
            }
        }

        private void open() {
            FuzzedStream stream = new FuzzedStream(random, () -> now);
            stream.attach(core.open(stream, now));
            streams.add(stream);
        }

        private void send(int most) {
            for (ByteBuffer out; (out = core.nextOutput(now)) != null; ) {
                int length = Math.min(out.remaining(), most);
                core.sent(length, now);
                most -= length;
                if (most == 0) return;
            }
            opened.clear();
            core.resumeWaiting(now);
        }

        // ---- what the core says

        @Override
        public @Nullable StreamHandler onStream(MuxStream core) {
            assertTrue(!over, "a stream after the end");
            sent.remove(core.id());
            if (random.nextInt(5) == 0) return null;
            FuzzedStream stream = new FuzzedStream(random, () -> now);
            stream.attach(core);
            streams.add(stream);
            if (random.nextInt(4) == 0) stream.act();
            return stream;
        }

        @Override
        public void onOpenable() {
            assertTrue(!over, "openable after the end");
            if (random.nextBoolean() && core.openState() == OpenState.READY) open();
        }

        @Override
        public void onPong(long roundTrip) {
            assertTrue(roundTrip >= 0);
        }

        @Override
        public void onGoAway() {}

        @Override
        public void onEnd(Cause cause) {
            assertTrue(!over, "the end twice");
            over = true;
            assertTrue(cause.kind().endsSession());
        }

        @Override
        public void onFrame(boolean outbound, int type, int flags, int id, long length) {
            if (!outbound) return;
            assertTrue(Integer.bitCount(flags) <= 1 && (type != Frame.DATA || flags == 0), "flags " + flags);
            assertTrue(type < Frame.PING || id == 0, "id " + id);
            if (type >= Frame.PING) return;
            int before = sent.getOrDefault(id, 0);
            assertTrue((before & Wire.RST) == 0 || flags == Wire.RST, "a frame of stream " + id + " after its RST");
            boolean sends = type == Frame.DATA || flags == Wire.FIN;
            assertTrue(!sends || (before & Wire.FIN) == 0, "data or FIN of stream " + id + " after its FIN");
            sent.put(id, before | flags);
        }
    }
}
