package org.relay4j.client;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.StreamHandler;
import org.relay4j.yamux.io.LimitedLog;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * Streams of a connection for an endpoint that is not known yet: the answer to its OPEN may be on the way, on another connection of
 * the tunnel. With the session's lock held, on the loop.
 */
final class HeldStreams {
    static final int MOST = 128;

    private static final Logger log = LoggerFactory.getLogger(HeldStreams.class);

    private final ServiceConnection on;
    private final ArrayDeque<Held> held = new ArrayDeque<>();
    private final LimitedLog failed = new LimitedLog(log, Level.ERROR);

    HeldStreams(ServiceConnection on) {
        this.on = on;
    }

    /** Holds a stream until {@link #release}. Returns null if there are too many. */
    @Nullable
    StreamHandler hold(MuxStream stream, VisitorHeader header) {
        if (held.size() >= MOST) return null;
        Held next = new Held(stream, header);
        held.add(next);
        return next;
    }

    /** Hands the streams to their service, or resets them. Without the lock. */
    void release() {
        on.driver().lock.lock();
        try {
            int present = held.size(); // those that have to wait again are added at the end
            for (Held one; present-- > 0 && (one = held.poll()) != null; ) release(one);
            on.driver().flush();
        } finally {
            on.driver().lock.unlock();
        }
    }

    private void release(Held one) {
        boolean handed = false;
        try {
            handed = hand(one);
        } catch (RuntimeException | Error e) {
            failed.log("{}: unexpected failure, the visitor was reset", on, e);
        } finally {
            if (!handed) one.stream.reset(0);
        }
    }

    private boolean hand(Held one) {
        MuxStream stream = one.stream;
        StreamHandler next = on.service().begin(on, stream, one.header);
        if (next == null) return false;
        stream.handler(next);
        if (stream.available() > 0) next.onBuffered(stream);
        else if (stream.atEnd()) next.onFin(stream);
        return true;
    }

    /** A stream that waits. Its bytes stay in its buffer. */
    private final class Held implements StreamHandler {
        final MuxStream stream;
        final VisitorHeader header;

        Held(MuxStream stream, VisitorHeader header) {
            this.stream = stream;
            this.header = header;
        }

        @Override
        public void onData(MuxStream same, ByteBuffer payload) {
            // Stays in the buffer.
        }

        @Override
        public void onBuffered(MuxStream same) {}

        @Override
        public void onFin(MuxStream same) {}

        @Override
        public void onReset(MuxStream same, Cause cause) {
            held.remove(this);
            same.closeRead();
        }

        @Override
        public void onWritable(MuxStream same) {}
    }
}
