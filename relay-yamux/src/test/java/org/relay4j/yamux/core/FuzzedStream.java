package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** A stream whose user does anything. */
final class FuzzedStream implements StreamHandler {
    private final SplittableRandom random;
    private final LongSupplier clock; // ns
    private @Nullable MuxStream core;
    private boolean resetHere;
    private boolean wasReset;
    private boolean finSeen;

    FuzzedStream(SplittableRandom random, LongSupplier clock) {
        this.clock = clock;
        this.random = random;
    }

    void attach(MuxStream newCore) {
        core = newCore;
    }

    MuxStream core() {
        if (core == null) throw new AssertionError("an event before the stream is known");
        return core;
    }

    void act() {
        switch (random.nextInt(10)) {
            case 0 -> core().closeWrite(clock.getAsLong());
            case 1 -> core().closeRead();
            case 2 -> core().close(clock.getAsLong());
            case 3 -> {
                resetHere |= !core().isGone();
                core().reset(random.nextInt(3));
            }
            case 4 -> core().accept();
            case 5, 6, 7 -> write();
            default -> read();
        }
    }

    private void write() {
        if (!core().isWritable()) return;
        ByteBuffer room = core().reserve(1 + random.nextInt(100_000), clock.getAsLong());
        if (room == null) return;
        if (random.nextInt(5) == 0) core().cancel();
        else core().commit(1 + random.nextInt(room.remaining()), clock.getAsLong());
    }

    private void read() {
        ByteBuffer waiting = core().peek();
        if (waiting == null) return;
        int length = 1 + random.nextInt(waiting.remaining());
        waiting.position(waiting.position() + length);
        core().advance(length, clock.getAsLong());
    }

    private void heard() {
        assertTrue(!resetHere, "an event after the user reset the stream");
        assertTrue(!wasReset, "an event after the stream was reset");
    }

    @Override
    public void onData(MuxStream stream, ByteBuffer payload) {
        heard();
        assertTrue(!finSeen && payload.hasRemaining());
        payload.position(payload.position() + random.nextInt(payload.remaining() + 1));
        if (random.nextInt(20) == 0 && core().available() == 0) end();
    }

    private void end() {
        switch (random.nextInt(4)) {
            case 0 -> core().closeRead();
            case 1 -> core().close(clock.getAsLong());
            case 2 -> core().closeWrite(clock.getAsLong());
            default -> {
                resetHere |= !core().isGone();
                core().reset(0);
            }
        }
    }

    @Override
    public void onBuffered(MuxStream stream) {
        heard();
        if (random.nextInt(5) == 0) act();
    }

    @Override
    public void onFin(MuxStream stream) {
        heard();
        assertTrue(!finSeen, "FIN twice");
        finSeen = true;
        if (random.nextInt(3) == 0) act();
    }

    @Override
    public void onReset(MuxStream stream, Cause cause) {
        if (finSeen) wasReset = false; // what came before the FIN may be dropped later
        heard();
        wasReset = true;
        assertTrue(finSeen || core().available() == 0, "a torso was left");
        if (random.nextInt(3) == 0) act();
    }

    @Override
    public void onWritable(MuxStream stream) {
        heard();
        act();
    }
}
