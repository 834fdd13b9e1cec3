package org.relay4j.yamux.core;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One end of a yamux session as a plain object: bytes in, bytes out, events out, time passed in. It knows no socket, thread,
 * lock or clock. Whoever drives it calls it with one lock held, see {@code docs/concurrency.md}.
 *
 * <p>It emits only frames that every known implementation understands and accepts whatever any of them sends; the rules are
 * listed in {@code docs/protocol.md}.
 */
public final class Multiplexer {
    private final CoreOptions options;
    private final SessionEvents events;
    private final SessionState state = new SessionState();
    private final SendQueue queue;
    private final ReceiveMemory memory;
    private final KeepAlive keepAlive;
    private final SessionParts parts;
    private final Streams streams;
    private final Opening opening;
    private final SessionFrames sessionFrames;
    private final IncomingFrames frames;
    private boolean received;

    public Multiplexer(Role role, CoreOptions options, BufferSource buffers, SessionEvents events, long now) {
        this.options = options;
        this.events = events;
        queue = new SendQueue(buffers);
        memory = new ReceiveMemory(buffers, options.receiveBudget());
        keepAlive = new KeepAlive(queue, options, now);
        parts = new SessionParts(
                options,
                new StreamLimits(options),
                new OfStreams(),
                new Defects(),
                queue,
                memory,
                new ReceiveWindowTuner(options, buffers, keepAlive),
                new WastefulFrames(options, now),
                new SessionParts.Traffic());
        streams = new Streams(role, parts);
        opening = new Opening(streams, queue, state, events);
        sessionFrames = new SessionFrames(parts, state, keepAlive, events);
        frames = new IncomingFrames(parts, streams, sessionFrames);
    }

    /** Shows each frame to {@code tap}. */
    public void tap(@Nullable FrameTap tap) {
        queue.tap = tap;
    }

    /** Gives {@code log} what a handler has thrown, which then costs the stream of that handler and nothing else. */
    public void defects(Consumer<Throwable> log) {
        parts.defects().log(log);
    }

    // ---- input and time

    /** Takes all bytes of {@code in}. */
    public void receive(ByteBuffer in, long now) {
        if (in.hasRemaining()) {
            received = true;
            keepAlive.received(now);
        }
        if (!state.isOver()) {
            try {
                frames.read(in, now);
                Cause failure = sessionFrames.failure();
                if (failure != null) fail(failure);
            } catch (ProtocolViolation violation) {
                fail(new Cause(
                        Cause.Kind.PROTOCOL_ERROR, "the peer broke the yamux protocol: " + violation.getMessage()));
            }
        }
        in.position(in.limit());
    }

    /** The peer sends no more bytes. */
    public void endOfInput() {
        if (state.isOver()) return;
        int open = streams.size();
        if (open == 0) fail(new Cause(Cause.Kind.CLOSED_BY_PEER, "the peer closed the session"));
        else fail(new Cause(Cause.Kind.CONNECTION_LOST, "the connection ended while " + open + " streams were open"));
    }

    /** Lets time pass; to be called every {@link CoreOptions#tickInterval}, and until {@link #holdsReceived} is false. */
    public void tick(long now) {
        memory.reclaim(options.deliveryTimeout(), now);
        if (state.isOver()) return;
        if (queue.isStarved()) {
            queue.retry();
            resumeWaiting(now);
        }
        Cause dead = keepAlive.tick(now);
        if (dead != null) {
            fail(dead);
            return;
        }
        streams.abortExpired(now);
    }

    /** True while received bytes wait to be taken. A session that has ended is to be ticked until it holds none. */
    public boolean holdsReceived() {
        return memory.held() > 0;
    }

    // ---- output

    /** The bytes to be written now, between position and limit, followed by {@link #sent}; null when there are none. */
    public @Nullable ByteBuffer nextOutput(long now) {
        return queue.next(now);
    }

    /** Counts the first {@code length} bytes of {@link #nextOutput} as written. */
    public void sent(int length, long now) {
        queue.sent(length);
        if (length > 0) keepAlive.sent(now); // a write that moved nothing is no progress
    }

    /** Hands over everything that is to be written; the caller returns the chunk to the buffer source. Null when empty. */
    public @Nullable Chunk takeOutput(long now) {
        Chunk taken = queue.take(now);
        keepAlive.sent(now);
        return taken;
    }

    /** Bytes of data and their headers that wait to be written. */
    public int queued() {
        return queue.buffer.size();
    }

    /** True when something waits to be written. */
    public boolean hasOutput() {
        return !queue.isEmpty();
    }

    /** Gives streams that wait for room their turn; false when none did. To be called after output was written. */
    public boolean resumeWaiting(long now) {
        opening.check();
        return queue.resume(now);
    }

    /** Returns the memory of the output. To be called when nothing more will be written. */
    public void discardOutput() {
        queue.clear();
    }

    // ---- streams

    /** Whether {@link #open} would succeed. Changes nothing. */
    public OpenState openState() {
        return opening.state();
    }

    /** When {@link #openState} is WAIT: has {@link SessionEvents#onOpenable} called once it no longer is, unless the session ends. */
    public void awaitOpenable() {
        opening.await();
    }

    /**
     * Opens a stream; allowed when {@link #openState} is READY. Null when there is no memory to announce it; then openState is
     * WAIT.
     */
    public @Nullable MuxStream open(StreamHandler handler, long now) {
        OpenState present = openState();
        if (present != OpenState.READY) throw new IllegalStateException("openState is " + present);
        MuxStream stream = streams.newOutbound(now);
        if (!stream.open(now)) return null;
        stream.handler(handler);
        streams.announced(stream);
        opening.check(); // it may have been the last one
        return stream;
    }

    /** Makes {@code id} the next one that is opened, as if all before it had been used; for tests of the last ones. */
    public void skipTo(int id) {
        streams.skipTo(id);
    }

    public int streamCount() {
        return streams.size();
    }

    // ---- session

    /** Asks for the round-trip time; the answer comes as {@link SessionEvents#onPong}. */
    public void ping(long now) {
        if (!state.isOver()) keepAlive.ping(now);
    }

    /**
     * Takes no more streams.
     *
     * @param andClose false: the GoAway follows when the last stream has ended, since several implementations end the whole
     *     session when they see one; true: it is sent now, and the session closes when the last stream has ended
     */
    public void drain(boolean andClose) {
        if (state.drain(andClose) && streams.size() > 0) queue.append(Frame.GO_AWAY, 0, 0, Frame.NORMAL);
        settle();
    }

    /** Ends the session in an orderly way: RST for each stream that is open, then GoAway. */
    public void close() {
        if (state.isOver()) return;
        for (MuxStream stream : streams.all()) queue.resetLast(stream.id);
        fail(new Cause(Cause.Kind.CLOSED_LOCALLY, "the session was closed"));
    }

    /** Ends the session. The first cause wins. */
    public void fail(Cause cause) {
        if (!state.end(cause)) return;
        try {
            if (cause.kind().peerMayRead()) queue.close(cause.kind().goAwayCode());
            else queue.clear();
        } finally {
            endStreams(cause);
        }
    }

    private void endStreams(Cause cause) {
        try {
            // A peer that closes in an orderly way has sent all of these bytes: they are delivered, within the
            // deliveryTimeout.
            List<ReceiveBuffer> left = cause.kind() == Cause.Kind.CLOSED_BY_PEER ? List.of() : memory.ended();
            for (MuxStream stream : streams.all()) stream.ending().end(cause);
            for (ReceiveBuffer buffer : left) {
                if (buffer.held() > 0) buffer.owner.sessionEnded(cause);
            }
        } finally {
            events.onEnd(cause);
        }
    }

    /** Why the session is over, or null while it is not. */
    public @Nullable Cause ended() {
        return state.ended();
    }

    /** What the end of a stream brings about. */
    private void settle() {
        if (state.isOver()) return;
        // Bytes that are held now are those of streams that have ended: they are delivered first.
        if (state.isDraining() && streams.size() == 0 && memory.held() == 0) {
            if (state.closesWhenDrained()) close();
            else queue.close(Frame.NORMAL);
        }
        opening.check();
    }

    /** What streams tell the session. */
    private final class OfStreams implements StreamEnding.Session {
        @Override
        public void leaves(MuxStream stream) {
            streams.remove(stream);
        }

        @Override
        public void settle() {
            Multiplexer.this.settle();
        }
    }

    // ---- figures

    /** True once the peer has sent anything. */
    public boolean hasReceived() {
        return received;
    }

    /** Streams that were opened since the start, by either end. */
    public long streamsOpened() {
        return streams.opened();
    }

    /** Payload that has arrived. */
    public long bytesReceived() {
        return parts.traffic().received;
    }

    /** Payload that was queued to be sent. */
    public long bytesSent() {
        return parts.traffic().sent;
    }

    /** The last round trip that was measured, 0 when none was. Unit: nanoseconds. */
    public long roundTrip() {
        return keepAlive.roundTrip();
    }

    /** Frames that were legal and had no effect: for streams that no longer exist, or without content. */
    public long ignoredFrames() {
        return frames.ignored();
    }

    /** Frames that cost this end something and served nothing. */
    public long wastefulFrames() {
        return parts.wasteful().count();
    }

    // ---- for tests

    /** What the streams share. */
    SessionParts parts() {
        return parts;
    }

    Streams streams() {
        return streams;
    }
}
