package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * In the steady state no frame costs an allocation, neither in the interpreter nor compiled. What is measured includes the
 * measurement itself, so the bound is less than one byte a frame, and not zero in all.
 */
@Tag("slow")
class AllocationTest {
    private static final int ROUNDS = 20_000;

    private final Pool pool = new Pool();
    private final Forwarding forwarding = new Forwarding();
    private final Multiplexer client = new Multiplexer(Role.CLIENT, options(), pool, forwarding, 0);
    private final Multiplexer server = new Multiplexer(Role.SERVER, options(), pool, forwarding, 0);
    private final byte[] payload = new byte[5_000];
    private long now;

    private static CoreOptions options() {
        return new Options().withoutTimeouts().build();
    }

    @Test
    void dataThatIsPassedOnAtOnce() {
        MuxStream stream = client.open(forwarding, now);
        assertNoAllocation(() -> {
            write(stream);
            exchange();
        });
        assertTrue(forwarding.received >= (long) ROUNDS * payload.length);
    }

    @Test
    void dataThatIsBufferedFirst() {
        MuxStream stream = client.open(forwarding, now);
        forwarding.takes = false;
        assertNoAllocation(() -> {
            write(stream);
            exchange();
            forwarding.readAll();
        });
    }

    @Test
    void dataOfSeveralStreamsInBothDirections() {
        MuxStream one = client.open(forwarding, now);
        MuxStream two = client.open(forwarding, now);
        exchange();
        MuxStream back = forwarding.accepted;
        assertNoAllocation(() -> {
            write(one);
            write(two);
            write(back);
            client.ping(now);
            exchange();
        });
    }

    @Test
    void dataThatLeavesInParts() {
        MuxStream stream = client.open(forwarding, now);
        assertNoAllocation(() -> {
            write(stream);
            for (ByteBuffer out; (out = client.nextOutput(now)) != null; ) {
                int part = Math.min(1234, out.remaining());
                out.limit(out.position() + part);
                server.receive(out, ++now);
                client.sent(part, now);
            }
            exchange();
        });
    }

    @Test
    void framesWithoutEffect() {
        client.open(forwarding, now);
        exchange();
        String frames = Wire.data(1, "")
                + Wire.update(1, 0)
                + Wire.data(99, "dead")
                + Wire.update(99, 7)
                + Wire.fin(99)
                + Wire.rst(99)
                + Wire.pong(7)
                + Wire.header(0, 2, 0, 0, 0)
                + Wire.update(Wire.SYN | Wire.RST, 1001, 0);
        ByteBuffer flood = ByteBuffer.wrap(Wire.bytes(frames));
        long before = server.ignoredFrames();
        assertNoAllocation(() -> server.receive(flood.rewind(), ++now));
        assertEquals(9 * 2 * ROUNDS, server.ignoredFrames() - before);
        assertEquals(1, server.streamCount());
    }

    @Test
    void pingFlood() {
        ByteBuffer flood = ByteBuffer.wrap(Wire.bytes(Wire.ping(1), Wire.ping(2), Wire.ping(3)));
        assertNoAllocation(() -> {
            server.receive(flood.rewind(), ++now);
            for (ByteBuffer out; (out = server.nextOutput(now)) != null; ) server.sent(out.remaining(), now);
        });
    }

    @Test
    void millionStreamsLeaveNothingAndCostNoMoreThanTheirObjects() {
        ByteBuffer frames = ByteBuffer.wrap(Wire.bytes(Wire.syn(0), Wire.data(0, "x"), Wire.fin(0)));
        forwarding.takes = false;
        long before = Allocation.bytesOfThisThread();
        for (int id = 1; id < 2_000_000; id += 2) {
            server.receive(frames.rewind().putInt(4, id).putInt(16, id).putInt(29, id), ++now);
            forwarding.readAll();
            forwarding.accepted.closeWrite(now);
            for (ByteBuffer out; (out = server.nextOutput(now)) != null; ) server.sent(out.remaining(), now);
        }
        long bytes = (Allocation.bytesOfThisThread() - before) / 1_000_000;
        assertTrue(bytes < 400, () -> bytes + " bytes were allocated for each stream");
        assertEquals(0, server.streamCount());
        assertEquals(0, server.parts().queue().control.size());
        assertEquals(0, pool.inUse);
    }

    private void assertNoAllocation(Runnable round) {
        for (int n = 0; n < ROUNDS; n++) round.run();
        long before = Allocation.bytesOfThisThread();
        for (int n = 0; n < ROUNDS; n++) round.run();
        long bytes = Allocation.bytesOfThisThread() - before;
        assertTrue(bytes < ROUNDS / 2, () -> bytes + " bytes were allocated in " + ROUNDS + " rounds");
    }

    private void write(MuxStream stream) {
        ByteBuffer room = stream.reserve(payload.length, now);
        if (room == null) throw new AssertionError("no room");
        room.put(payload);
        stream.commit(payload.length, now);
    }

    private void exchange() {
        move(client, server);
        move(server, client);
        move(client, server);
    }

    private void move(Multiplexer from, Multiplexer to) {
        for (ByteBuffer out; (out = from.nextOutput(now)) != null; ) {
            int length = out.remaining();
            to.receive(out, ++now);
            from.sent(length, now);
        }
        from.resumeWaiting(now);
    }

    /** Takes what arrives, or leaves it and reads it later. */
    private static final class Forwarding implements SessionEvents, StreamHandler {
        MuxStream accepted;
        boolean takes = true;
        long received;

        @Override
        public StreamHandler onStream(MuxStream stream) {
            accepted = stream;
            stream.accept();
            return this;
        }

        void readAll() {
            for (ByteBuffer waiting; (waiting = accepted.peek()) != null; ) {
                int length = waiting.remaining();
                waiting.position(waiting.limit());
                accepted.advance(length, 0);
            }
        }

        @Override
        public void onData(MuxStream stream, ByteBuffer in) {
            received += in.remaining();
            if (takes) in.position(in.limit());
        }

        @Override
        public void onOpenable() {}

        @Override
        public void onPong(long roundTrip) {}

        @Override
        public void onGoAway() {}

        @Override
        public void onEnd(Cause cause) {
            throw new AssertionError(cause);
        }

        @Override
        public void onBuffered(MuxStream stream) {}

        @Override
        public void onFin(MuxStream stream) {}

        @Override
        public void onReset(MuxStream stream, Cause cause) {
            throw new AssertionError(cause);
        }

        @Override
        public void onWritable(MuxStream stream) {}
    }

    /** Allocates nothing once it is warm. */
    private static final class Pool implements BufferSource {
        int inUse;
        private final ArrayDeque<Chunk> chunks = new ArrayDeque<>();
        private final ArrayDeque<Chunk> outputs = new ArrayDeque<>();

        @Override
        public Chunk acquire(int size, long held) {
            inUse++;
            Chunk chunk = chunks.poll();
            return chunk != null ? chunk : new Chunk(ByteBuffer.allocate(64 * 1024));
        }

        @Override
        public Chunk acquireOutput(boolean large) {
            inUse++;
            Chunk chunk = outputs.poll();
            return chunk != null ? chunk : new Chunk(ByteBuffer.allocate(SendBuffer.CAPACITY));
        }

        @Override
        public boolean promise(int bytes) {
            return true;
        }

        @Override
        public void takeBack(int bytes) {}

        @Override
        public void release(Chunk chunk) {
            inUse--;
            (chunk.bytes.capacity() == SendBuffer.CAPACITY ? outputs : chunks).push(chunk);
        }
    }
}
