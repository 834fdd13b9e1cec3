package org.relay4j.yamux.core;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One end of a yamux session as a plain object. Received bytes and the time are passed in; it emits bytes and events.
 * It has no socket, thread, lock or clock. The driver makes all calls with one lock held, see {@code
 * docs/concurrency.md}.
 *
 * <p>It emits only frames that every known implementation understands, and accepts all frames that any of them sends.
 * The rules are listed in {@code docs/protocol.md}.
 */
public final class Multiplexer {
    /*
     * Longer than 300 lines because it has one entry point, with Javadoc, for everything that a driver or a stream's user may
     * ask of the core. Each delegates to the part that has the rule: IncomingFrames, Streams, SendQueue, KeepAlive, Opening.
     */

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

    /** Sets an observer of all frames. */
    public void tap(@Nullable FrameTap tap) {
        queue.tap = tap;
    }

    /**
     * Sets the log for exceptions that handlers throw. With a log, such an exception resets only the handler's stream.
     */
    public void defects(Consumer<Throwable> log) {
        parts.defects().log(log);
    }

    /**
     * Sets the size to which the window of a busy stream grows even on a short path, within the limits of the options: for a
     * connection on which both ends take long for each byte. The default is the configured window.
     */
    public void nearbyWindow(int bytes) {
        parts.windows().nearby(bytes);
    }

    /** Returns the window of a busy stream on a short path. Unit: bytes. */
    public int nearbyWindow() {
        return parts.windows().nearby();
    }

    // ---- input and time

    /** Consumes all bytes of {@code in}. */
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
                        Cause.Kind.PROTOCOL_ERROR, "the peer violated the yamux protocol: " + violation.getMessage()));
            }
        }
        in.position(in.limit());
    }

    /** Must be called when the peer has ended its direction of the connection. */
    public void endOfInput() {
        if (state.isOver()) return;
        int open = streams.working();
        if (open == 0) fail(new Cause(Cause.Kind.CLOSED_BY_PEER, "the peer closed the session"));
        else {
            String count = open == 1 ? "a stream was" : open + " streams were";
            fail(new Cause(Cause.Kind.CONNECTION_LOST, "the connection ended while " + count + " open"));
        }
    }

    /**
     * Handles timeouts. Must be called every {@link CoreOptions#tickInterval}, and after the end of the session until
     * {@link #holdsReceived} returns false.
     */
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

    /**
     * Notes that {@link #tick} is called late, because this end was stopped or had to wait for a processor. A peer that was asked for
     * a sign of life has that much longer to answer.
     *
     * @param nanos by how much it is late; not negative
     */
    public void late(long nanos) {
        keepAlive.away(nanos);
    }

    /** Returns true while received bytes are unread. A session that has ended needs {@link #tick} until then. */
    public boolean holdsReceived() {
        return memory.held() > 0;
    }

    // ---- output

    /**
     * Returns the bytes to write now, between position and limit; null if there are none. The caller then calls {@link
     * #sent}.
     */
    public @Nullable ByteBuffer nextOutput(long now) {
        return queue.next(now);
    }

    /** Marks the first {@code length} bytes of {@link #nextOutput} as written. */
    public void sent(int length, long now) {
        queue.sent(length);
        if (length > 0) keepAlive.sent(now); // a write of 0 bytes is no progress
    }

    /** Notes that the peer has read bytes that were written earlier. Prevents the write-stall timeout. */
    public void progressed(long now) {
        keepAlive.sent(now);
    }

    /** Hands over all pending output; null if there is none. The caller returns the chunk to the buffer source. */
    public @Nullable Chunk takeOutput(long now) {
        Chunk taken = queue.take(now);
        keepAlive.sent(now);
        return taken;
    }

    /** Returns the pending output, with headers. Unit: bytes. */
    public int queued() {
        return queue.buffer.size();
    }

    /** Returns true if output is pending. */
    public boolean hasOutput() {
        return !queue.isEmpty();
    }

    /**
     * Gives streams that wait for buffer space their turn; false if none was waiting. Must be called after output was
     * written.
     */
    public boolean resumeWaiting(long now) {
        opening.check();
        return queue.resume(now);
    }

    /** Releases the memory of the output. Must be called when nothing more will be written. */
    public void discardOutput() {
        queue.clear();
    }

    // ---- streams

    /** Returns whether {@link #open} would succeed, without changing any state. */
    public OpenState openState() {
        return opening.state();
    }

    /**
     * Requests one call of {@link SessionEvents#onOpenable} when {@link #openState} is no longer WAIT, unless the
     * session ends first.
     */
    public void awaitOpenable() {
        opening.await();
    }

    /**
     * Opens a stream. Requires that {@link #openState} is READY. Returns null if there is no memory for the SYN;
     * openState is WAIT then.
     */
    public @Nullable MuxStream open(StreamHandler handler, long now) {
        OpenState present = openState();
        if (present != OpenState.READY) throw new IllegalStateException("openState is " + present);
        MuxStream stream = streams.newOutbound(now);
        if (!stream.open(now)) return null;
        stream.handler(handler);
        streams.announced(stream);
        opening.check(); // this may have been the last id
        return stream;
    }

    /** Makes {@code id} the next id, as if all before it had been used; for tests of the last ids. */
    public void skipTo(int id) {
        streams.skipTo(id);
    }

    public int streamCount() {
        return streams.size();
    }

    // ---- session

    /** Sends a ping as {@link #ping} does, but does not end the session if there is no answer. */
    public void probe(long now) {
        if (!state.isOver()) keepAlive.probe(now);
    }

    /** Sends a ping; {@link SessionEvents#onPong} reports the round-trip time. */
    public void ping(long now) {
        if (!state.isOver()) keepAlive.ping(now);
    }

    /**
     * Stops opening and accepting streams.
     *
     * @param andClose if false, GoAway is sent only after the last stream has ended, because several implementations
     *     end the whole session when they receive it; if true, GoAway is sent now and the session closes when the last
     *     stream has ended
     */
    public void drain(boolean andClose) {
        if (state.drain(andClose) && streams.working() > 0) queue.append(Frame.GO_AWAY, 0, 0, Frame.NORMAL);
        settle();
    }

    /**
     * Refuses all streams that the peer opens from now on; nothing is said about it. Open ones continue.
     *
     * @return the highest id of those that it has opened so far; 0 if there was none
     */
    public int acceptNoMore() {
        state.acceptNoMore();
        return streams.lastInbound();
    }

    /**
     * Asks the peer with a GoAway to open no more streams. Streams that it opens before it receives that are accepted as before,
     * until {@link #drain} is called.
     */
    public void announceDrain() {
        if (state.announce()) queue.append(Frame.GO_AWAY, 0, 0, Frame.NORMAL);
    }

    /** Closes the session: sends RST for each open stream, then GoAway. */
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
            // After a graceful close all of these bytes are complete; they are delivered within the deliveryTimeout.
            List<ReceiveBuffer> left = cause.kind() == Cause.Kind.CLOSED_BY_PEER ? List.of() : memory.ended();
            for (MuxStream stream : streams.all()) stream.ending().end(cause);
            for (ReceiveBuffer buffer : left) {
                if (buffer.held() > 0) buffer.owner.sessionEnded(cause);
            }
        } finally {
            events.onEnd(cause);
        }
    }

    /** Returns the reason why the session ended, or null if it has not. */
    public @Nullable Cause ended() {
        return state.ended();
    }

    /** Handles the consequences of the end of a stream. */
    private void settle() {
        if (state.isOver()) return;
        // Bytes that are still buffered belong to ended streams and are delivered first.
        if (state.isDraining() && streams.working() == 0 && memory.held() == 0) {
            if (state.closesWhenDrained()) close();
            else queue.close(Frame.NORMAL);
        }
        opening.check();
    }

    /** Receives the events of the streams. */
    private final class OfStreams implements StreamEnding.Session {
        @Override
        public void setAside(MuxStream stream) {
            streams.setAside();
        }

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

    /** Returns true if the peer has sent any byte. */
    public boolean hasReceived() {
        return received;
    }

    /** Returns the time of the last byte from the peer, or of the start. Unit: nanoseconds. */
    public long lastReceived() {
        return keepAlive.lastReceived();
    }

    /** Returns the number of streams opened so far, by either end. */
    public long streamsOpened() {
        return streams.opened();
    }

    /** Returns the received payload. Unit: bytes. */
    public long bytesReceived() {
        return parts.traffic().received;
    }

    /** Returns the payload queued for sending so far. Unit: bytes. */
    public long bytesSent() {
        return parts.traffic().sent;
    }

    /** Returns the most recent round-trip time, or 0 if none was measured. Unit: nanoseconds. */
    public long roundTrip() {
        return keepAlive.roundTrip();
    }

    /**
     * Returns the number of legal frames without effect: frames without content, or for streams that no longer exist.
     */
    public long ignoredFrames() {
        return frames.ignored();
    }

    /** Returns the number of wasteful frames, see {@link WastefulFrame}. */
    public long wastefulFrames() {
        return parts.wasteful().count();
    }

    // ---- for tests

    /** Returns the state that the streams share. */
    SessionParts parts() {
        return parts;
    }

    Streams streams() {
        return streams;
    }
}
