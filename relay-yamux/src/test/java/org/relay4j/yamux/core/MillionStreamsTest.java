package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** A million streams, each with a random life: when the last one is gone, nothing of them is left. */
@Tag("slow")
class MillionStreamsTest {
    private static final int STREAMS = 1_000_000;
    private static final int MOST_AT_ONCE = 200;
    private static final long SEED = Long.getLong("relay.seed", 20_261_125);
    private static final long STEP = 1_000; // ns of virtual time

    private final SplittableRandom random = new SplittableRandom(SEED);
    private final CountingBuffers buffers = new CountingBuffers();
    private final End client = new End(Role.CLIENT);
    private final End server = new End(Role.SERVER);
    private long now;

    /** One end of the session, and the streams of which it still does something. */
    private final class End implements SessionEvents, StreamHandler {
        final Multiplexer mux;
        final List<MuxStream> open = new ArrayList<>();
        private boolean reads;

        @Nullable
        Cause ended;

        End(Role role) {
            CoreOptions options =
                    new Options().growth(1 << 20, 4 << 20).maxStreams(10_000).build();
            mux = new Multiplexer(role, options, buffers, this, 0);
        }

        @Override
        public @Nullable StreamHandler onStream(MuxStream stream) {
            if (random.nextInt(50) == 0) return null; // refused
            open.add(stream);
            return this;
        }

        @Override
        public void onData(MuxStream stream, ByteBuffer payload) {
            if (reads) payload.position(payload.limit());
        }

        @Override
        public void onBuffered(MuxStream stream) {}

        @Override
        public void onFin(MuxStream stream) {}

        @Override
        public void onReset(MuxStream stream, Cause cause) {}

        @Override
        public void onWritable(MuxStream stream) {}

        @Override
        public void onOpenable() {}

        @Override
        public void onPong(long roundTrip) {}

        @Override
        public void onGoAway() {}

        @Override
        public void onEnd(Cause cause) {
            ended = cause;
        }

        /** Does something with one of the streams. */
        void act() {
            reads = random.nextBoolean();
            if (open.isEmpty()) return;
            int index = random.nextInt(open.size());
            MuxStream stream = open.get(index);
            switch (random.nextInt(12)) {
                case 0 -> stream.reset(0);
                case 1, 2 -> stream.close(now);
                case 3, 4 -> stream.closeWrite(now);
                case 5 -> stream.closeRead();
                case 6, 7 -> read(stream);
                case 8 -> stream.accept();
                default -> write(stream, random.nextInt(3_000));
            }
            if (!stream.isGone() && random.nextInt(20) > 0) return;
            stream.close(now); // the user has finished with the stream
            read(stream);
            open.set(index, open.get(open.size() - 1));
            open.remove(open.size() - 1);
        }

        private void write(MuxStream stream, int length) {
            if (!stream.isWritable() || length == 0) return;
            ByteBuffer room = stream.reserve(length, now);
            if (room == null) return;
            int written = Math.min(length, room.remaining());
            stream.commit(written, now);
        }

        private void read(MuxStream stream) {
            for (ByteBuffer waiting; (waiting = stream.peek()) != null; ) {
                int length = waiting.remaining();
                waiting.position(waiting.limit());
                stream.advance(length, now);
            }
        }

        /** Sends what waits to the other end. */
        boolean pump(End to) {
            boolean any = false;
            for (ByteBuffer out; (out = mux.nextOutput(now)) != null; any = true) {
                int length = out.remaining();
                to.mux.receive(out.duplicate(), now);
                mux.sent(length, now);
            }
            return mux.resumeWaiting(now) || any;
        }
    }

    private void pump() {
        for (boolean any = true; any; now += STEP) {
            any = client.pump(server);
            any |= server.pump(client);
        }
    }

    @Test
    void nothingIsLeftOfThem() {
        int opened = 0;
        long step = 0;
        while (opened < STREAMS) {
            now += STEP;
            End opener = random.nextBoolean() ? client : server;
            boolean room = opener.open.size() < MOST_AT_ONCE;
            if (room && opener.mux.openState() == OpenState.READY) {
                opener.open.add(opener.mux.open(opener, now));
                opened++;
            }
            client.act();
            server.act();
            if (++step % 4 == 0) pump();
            if (step % 1_000 == 0) {
                client.mux.tick(now);
                server.mux.tick(now);
            }
        }
        finish();
        assertEquals(null, client.ended, () -> "seed " + SEED);
        assertEquals(null, server.ended, () -> "seed " + SEED);
        assertEquals(0, client.mux.streamCount(), () -> "seed " + SEED);
        assertEquals(0, server.mux.streamCount(), () -> "seed " + SEED);
        assertEquals(0, client.mux.parts().memory().held(), () -> "seed " + SEED);
        assertEquals(0, server.mux.parts().memory().held(), () -> "seed " + SEED);
        buffers.assertAllReturned();
        assertTrue(client.mux.bytesReceived() > 100L << 20, "hardly anything was transferred");
    }

    /** Closes what is open, and lets the time pass after which lingering streams are given up. */
    private void finish() {
        while (!client.open.isEmpty() || !server.open.isEmpty()) {
            client.act();
            server.act();
            pump();
        }
        for (int minute = 0; minute < 10; minute++) {
            now += 60_000_000_000L;
            client.mux.tick(now);
            server.mux.tick(now);
            pump();
        }
    }
}
