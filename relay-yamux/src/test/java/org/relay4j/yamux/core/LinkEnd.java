package org.relay4j.yamux.core;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One end of a session over a {@link LinkPipe}. Streams that it opens either send as much as they can, or one byte at a time,
 * whose echo they wait for; a stream that the peer opens is read and, when it begins with a single byte, echoed.
 */
final class LinkEnd implements SessionEvents {
    final Multiplexer mux;
    final CountingBuffers buffers = new CountingBuffers();
    private final LinkPipe out;
    private long now; // ns; of the last call
    long blockedUntil = Long.MAX_VALUE; // ns
    long received; // bytes of bulk streams
    final List<Long> echoes = new ArrayList<>(); // ns from the byte to its echo
    private long echoSent; // ns
    private boolean echoPending;
    private long toSend = Long.MAX_VALUE; // bytes
    private @Nullable MuxStream echo;

    LinkEnd(Role role, CoreOptions options, LinkPipe out) {
        this.out = out;
        mux = new Multiplexer(role, options, buffers, this, 0);
    }

    MuxStream startBulk(long time) {
        now = time;
        MuxStream stream = mux.open(new Bulk(), now);
        send(stream);
        return stream;
    }

    /** Sends a byte, unless the one before has not come back yet. */
    void sayByte(long time) {
        now = time;
        if (echoPending) return;
        if (echo == null) echo = mux.open(new Echo(), now);
        ByteBuffer room = echo.reserve(1, now);
        if (room == null) return;
        room.put((byte) 1);
        echo.commit(1, now);
        echoPending = true;
        echoSent = now;
    }

    void receive(ByteBuffer in, long time) {
        now = time;
        mux.receive(in, now);
    }

    void flush(long time) {
        now = time;
        do {
            for (ByteBuffer next; (next = mux.nextOutput(now)) != null; ) {
                int before = next.remaining();
                out.write(next, now);
                mux.sent(before - next.remaining(), now);
                if (next.hasRemaining()) {
                    blockedUntil = Math.max(now + 1, out.writable());
                    return;
                }
            }
            blockedUntil = Long.MAX_VALUE;
        } while (mux.resumeWaiting(now) && mux.hasOutput());
    }

    /** Bulk streams send nothing from now on. */
    void pauseBulk() {
        toSend = 0;
    }

    /** Sends so many bytes. */
    void resumeBulk(MuxStream stream, long bytes, long time) {
        now = time;
        toSend = bytes;
        send(stream);
    }

    private void send(MuxStream stream) {
        while (toSend > 0) {
            ByteBuffer room = stream.reserve((int) Math.min(toSend, MuxStream.LONGEST_FRAME), now);
            if (room == null) return;
            toSend -= room.remaining();
            stream.commit(room.remaining(), now);
        }
    }

    @Override
    public StreamHandler onStream(MuxStream stream) {
        stream.accept();
        return new Bulk();
    }

    @Override
    public void onOpenable() {}

    @Override
    public void onPong(long roundTrip) {}

    @Override
    public void onGoAway() {}

    @Override
    public void onEnd(Cause cause) {}

    /** Reads everything at once. */
    private class Bulk implements StreamHandler {
        private boolean known; // whether it is an echo
        private boolean echoes;

        @Override
        public void onData(MuxStream stream, ByteBuffer payload) {
            if (!known) echoes = payload.remaining() == 1;
            known = true;
            if (echoes) {
                ByteBuffer room = stream.reserve(1, now);
                if (room != null) {
                    room.put(payload.get());
                    stream.commit(1, now);
                }
                return;
            }
            received += payload.remaining();
            payload.position(payload.limit());
        }

        @Override
        public void onBuffered(MuxStream stream) {
            throw new AssertionError("everything is read at once");
        }

        @Override
        public void onFin(MuxStream stream) {
            stream.closeWrite(now);
        }

        @Override
        public void onReset(MuxStream stream, Cause cause) {}

        @Override
        public void onWritable(MuxStream stream) {
            send(stream);
        }
    }

    private final class Echo extends Bulk {
        @Override
        public void onData(MuxStream stream, ByteBuffer payload) {
            payload.position(payload.limit());
            echoPending = false;
            echoes.add(now - echoSent);
        }

        @Override
        public void onWritable(MuxStream stream) {}
    }
}
