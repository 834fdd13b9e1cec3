package org.relay4j.benchmarks;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.SessionInternals;
import org.relay4j.yamux.SessionOptions;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.Chunk;
import org.relay4j.yamux.core.CoreOptions;
import org.relay4j.yamux.core.Multiplexer;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.Role;
import org.relay4j.yamux.core.SessionEvents;
import org.relay4j.yamux.core.StreamHandler;
import org.relay4j.yamux.io.BufferPool;

/** Two session cores and the wire between them. */
final class CorePair {
    private static final long STEP = 1_000; // ns between two exchanges

    final Multiplexer client;
    private final Multiplexer server;
    private final BufferPool pool = BufferPool.shared();
    private final StreamHandler handler;
    private final Events events = new Events();
    private long now; // ns
    private long pongs;
    private @Nullable MuxStream accepted;

    /** @param direct true if streams consume bytes as they arrive, false if they buffer them */
    CorePair(boolean direct) {
        handler = new Handler(direct);
        // A million pings per second exceed the budget for wasteful frames.
        CoreOptions options = SessionInternals.options(SessionOptions.builder()
                .wastefulFrameLimit(1, 0)
                .streamResetLimit(1, 0)
                .build());
        client = new Multiplexer(Role.CLIENT, options, pool, events, now);
        server = new Multiplexer(Role.SERVER, options, pool, events, now);
    }

    MuxStream open() {
        MuxStream stream = client.open(handler, now);
        if (stream == null) throw new IllegalStateException("no memory for a stream");
        return stream;
    }

    /** Unit: nanoseconds. */
    long now() {
        return now;
    }

    /** Returns the server's end of the stream that the client opened last. */
    MuxStream accepted() {
        if (accepted == null) throw new IllegalStateException("no stream was opened");
        return accepted;
    }

    long pongs() {
        return pongs;
    }

    /** Transfers the pending output of each end to the other. */
    void exchange() {
        now += STEP;
        move(client, server);
        move(server, client);
    }

    private void move(Multiplexer from, Multiplexer to) {
        Chunk chunk = from.takeOutput(now);
        if (chunk == null) return;
        to.receive(chunk.bytes, now);
        pool.release(chunk);
    }

    private final class Events implements SessionEvents {
        @Override
        public StreamHandler onStream(MuxStream stream) {
            accepted = stream;
            return handler;
        }

        @Override
        public void onOpenable() {}

        @Override
        public void onPong(long roundTrip) {
            pongs++;
        }

        @Override
        public void onGoAway() {}

        @Override
        public void onEnd(Cause cause) {
            throw new IllegalStateException(cause.message());
        }
    }

    private record Handler(boolean direct) implements StreamHandler {
        @Override
        public void onData(MuxStream stream, ByteBuffer payload) {
            if (direct) payload.position(payload.limit());
        }

        @Override
        public void onBuffered(MuxStream stream) {}

        @Override
        public void onFin(MuxStream stream) {}

        @Override
        public void onReset(MuxStream stream, Cause cause) {
            throw new IllegalStateException(cause.message());
        }

        @Override
        public void onWritable(MuxStream stream) {}
    }
}
