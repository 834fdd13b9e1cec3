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
    /** Whether a stream can be opened. */
    public enum OpenState {
        READY,
        /** Not now: {@link SessionEvents#onOpenable} follows. */
        WAIT,
        /** The peer takes no more streams. */
        GONE_AWAY,
        /** All stream ids of this end have been used. */
        EXHAUSTED,
        /** The session is over. */
        ENDED
    }

    private final CoreOptions options;
    private final ReceiveMemory memory;
    private final SessionEvents events;
    private final Output output;
    private final KeepAlive keepAlive;
    private final WindowTuner windows;
    private final Streams streams;
    private final FrameReader reader = new FrameReader();
    private final Glitches glitches;
    private final Input input;

    private long now; // ns
    private boolean received;
    private long bytesReceived; // payload
    private long bytesSent; // payload
    private boolean openWaiting;
    private boolean draining; // we take no more streams
    private boolean closesWhenDrained;
    private boolean goneAway; // the peer takes no more streams
    private @Nullable Cause ended;
    private Consumer<Throwable> defects = Multiplexer::rethrow;

    public Multiplexer(Role role, CoreOptions options, BufferSource buffers, SessionEvents events, long now) {
        this.options = options;
        memory = new ReceiveMemory(buffers, options.receiveBudget());
        this.events = events;
        this.now = now;
        streams = new Streams(role, options);
        output = new Output(buffers);
        keepAlive = new KeepAlive(output, options, now);
        windows = new WindowTuner(options, buffers, keepAlive);
        glitches = new Glitches(options, now);
        input = new Input(this, streams, keepAlive, events, glitches);
    }

    /** Shows each frame to {@code tap}. */
    public void tap(@Nullable FrameTap tap) {
        output.tap = tap;
    }

    /** Gives {@code log} what a handler has thrown, which then costs the stream of that handler and nothing else. */
    public void defects(Consumer<Throwable> log) {
        defects = log;
    }

    private static void rethrow(Throwable unchecked) {
        if (unchecked instanceof Error error) throw error;
        throw (RuntimeException) unchecked;
    }

    // ---- input and time

    /** Takes all bytes of {@code in}. */
    public void receive(ByteBuffer in, long time) {
        now = time;
        if (in.hasRemaining()) {
            received = true;
            keepAlive.received(time);
        }
        if (ended == null) {
            try {
                reader.read(in, input);
            } catch (ProtocolViolation violation) {
                fail(new Cause(
                        Cause.Kind.PROTOCOL_ERROR, "the peer broke the yamux protocol: " + violation.getMessage()));
            }
        }
        in.position(in.limit());
    }

    /** The peer sends no more bytes. */
    public void endOfInput() {
        if (ended != null) return;
        if (streams.size() == 0) fail(new Cause(Cause.Kind.CLOSED_BY_PEER, "the peer closed the session"));
        else {
            fail(new Cause(
                    Cause.Kind.CONNECTION_LOST, "the connection ended while " + streams.size() + " streams were open"));
        }
    }

    /** Lets time pass; to be called every {@link CoreOptions#tickInterval}. */
    public void tick(long time) {
        now = time;
        reclaim(time);
        if (ended != null) return;
        if (output.buffer.isStarved()) {
            output.buffer.retry();
            resumeWaiting();
        }
        Cause dead = keepAlive.tick(time);
        if (dead != null) {
            fail(dead);
            return;
        }
        for (MuxStream stream : streams.expired(time)) {
            Cause cause = stream.expired(time);
            if (cause != null) stream.abort(cause);
        }
    }

    /** Resets what is left of streams that have ended and whose bytes nobody has taken for too long. */
    private void reclaim(long time) {
        long timeout = options.deliveryTimeout();
        if (timeout == 0 || memory.held() == 0) return;
        for (ReceiveBuffer buffer : memory.ended()) {
            long still = buffer.withoutProgress(time);
            if (still < timeout || buffer.held() == 0) continue;
            buffer.owner.giveUp(new Cause(
                    Cause.Kind.IDLE_TIMEOUT,
                    "nothing of what was received was taken for " + still / 1_000_000 + " ms"));
        }
    }

    /** True while received bytes wait to be taken. A session that has ended is to be ticked until it holds none. */
    public boolean holdsReceived() {
        return memory.held() > 0;
    }

    /** Tells the time before something is sent. */
    public void advance(long time) {
        now = time;
    }

    // ---- output

    /** What is to be written now, between position and limit, followed by {@link #sent}; null when there is nothing. */
    public @Nullable ByteBuffer nextOutput() {
        return output.next();
    }

    /** Counts the first {@code length} bytes of {@link #nextOutput} as written. */
    public void sent(int length, long time) {
        now = time;
        output.sent(length);
        if (length > 0) keepAlive.sent(time); // a write that moved nothing is no progress
    }

    /** Hands over everything that is to be written; the caller returns the chunk to the buffer source. Null when empty. */
    public @Nullable Chunk takeOutput(long time) {
        now = time;
        Chunk taken = output.take();
        keepAlive.sent(time);
        return taken;
    }

    /** True once the peer has sent anything. */
    public boolean hasReceived() {
        return received;
    }

    /** Bytes of data and their headers that wait to be written. */
    public int queued() {
        return output.buffer.size();
    }

    /** True when something waits to be written. */
    public boolean hasOutput() {
        return !output.isEmpty();
    }

    /** Gives streams that wait for room their turn; false when none did. To be called after output was written. */
    public boolean resumeWaiting() {
        checkOpenable();
        return output.resume();
    }

    // ---- streams

    /** Whether {@link #open} would succeed; after WAIT, {@link SessionEvents#onOpenable} follows. */
    public OpenState openState() {
        if (ended != null) return OpenState.ENDED;
        if (goneAway || draining) return OpenState.GONE_AWAY;
        if (streams.exhausted()) return OpenState.EXHAUSTED;
        if (streams.canAnnounce() && output.buffer.room() > 0) return OpenState.READY;
        openWaiting = true;
        return OpenState.WAIT;
    }

    /**
     * Opens a stream; allowed when {@link #openState} is READY. Null when there is no memory to announce it; then openState is
     * WAIT.
     */
    public @Nullable MuxStream open(StreamHandler handler) {
        if (openState() != OpenState.READY) throw new IllegalStateException("openState is " + openState());
        MuxStream stream = streams.newOutbound(this, handler);
        if (!stream.opened()) return null;
        streams.announced(stream);
        if (streams.exhausted()) {
            checkOpenable();
            events.onExhausted();
        }
        return stream;
    }

    /** Makes {@code id} the next one that is opened, as if all before it had been used; for tests of the last ones. */
    public void skipTo(int id) {
        streams.skipTo(id);
    }

    public int streamCount() {
        return streams.size();
    }

    /** Streams that were opened since the start, by either end. */
    public long streamsOpened() {
        return streams.opened();
    }

    /** Payload that has arrived. */
    public long bytesReceived() {
        return bytesReceived;
    }

    /** Payload that was queued to be sent. */
    public long bytesSent() {
        return bytesSent;
    }

    /** The last round trip that was measured, 0 when none was. Unit: nanoseconds. */
    public long roundTrip() {
        return keepAlive.roundTrip();
    }

    /** Frames that were legal and had no effect: for streams that no longer exist, or without content. */
    public long ignoredFrames() {
        return input.ignored();
    }

    /** What the peer has sent without need. */
    public long glitches() {
        return glitches.count();
    }

    /** What the peer has sent without need, of one kind. */
    public long glitches(Glitch glitch) {
        return glitches.count(glitch);
    }

    // ---- session

    /** Asks for the round-trip time; the answer comes as {@link SessionEvents#onPong}. */
    public void ping() {
        if (ended == null) keepAlive.ping(now);
    }

    /**
     * Takes no more streams.
     *
     * @param andClose false: the GoAway follows when the last stream has ended, since several implementations end the whole
     *     session when they see one; true: it is sent now, and the session closes when the last stream has ended
     */
    public void drain(boolean andClose) {
        if (andClose && !closesWhenDrained && ended == null) {
            closesWhenDrained = true;
            if (streams.size() > 0) output.append(Frame.GO_AWAY, 0, 0, Frame.NORMAL);
        }
        draining = true;
        settle();
    }

    /** Ends the session in an orderly way: RST for each stream that is open, then GoAway. */
    public void close() {
        if (ended != null) return;
        for (MuxStream stream : streams.all()) output.resetLast(stream.id);
        fail(new Cause(Cause.Kind.CLOSED_LOCALLY, "the session was closed"));
    }

    /** Ends the session. The first cause wins. */
    public void fail(Cause cause) {
        if (ended != null) return;
        ended = cause;
        openWaiting = false;
        try {
            switch (cause.kind()) {
                case PROTOCOL_ERROR -> output.close(Frame.PROTOCOL_ERROR);
                case INTERNAL_ERROR -> output.close(Frame.INTERNAL_ERROR);
                case CLOSED_LOCALLY -> output.close(Frame.NORMAL);
                default -> output.clear(); // nobody is there to read it
            }
        } finally {
            endStreams(cause);
        }
    }

    private void endStreams(Cause cause) {
        try {
            // A peer that closes in an orderly way has sent all of these bytes: they are delivered, within the
            // deliveryTimeout.
            List<ReceiveBuffer> left = cause.kind() == Cause.Kind.CLOSED_BY_PEER ? List.of() : memory.ended();
            for (MuxStream stream : streams.all()) stream.end(cause);
            for (ReceiveBuffer buffer : left) {
                if (buffer.held() > 0) buffer.owner.sessionEnded(cause);
            }
        } finally {
            events.onEnd(cause);
        }
    }

    /** Why the session is over, or null while it is not. */
    public @Nullable Cause ended() {
        return ended;
    }

    /** Returns the memory of the output. To be called when nothing more will be written. */
    public void discardOutput() {
        output.clear();
    }

    // ---- for the parts of the core

    long now() {
        return now;
    }

    CoreOptions options() {
        return options;
    }

    Output output() {
        return output;
    }

    ReceiveMemory memory() {
        return memory;
    }

    WindowTuner windows() {
        return windows;
    }

    Streams streams() {
        return streams;
    }

    void countReceived(int bytes) {
        bytesReceived += bytes;
    }

    void countSent(int bytes, long windowLeft) {
        bytesSent += bytes;
        glitches.sent(bytes, windowLeft);
    }

    boolean isDraining() {
        return draining;
    }

    /** False when it was known already. */
    boolean goneAway() {
        if (goneAway) return false;
        goneAway = true;
        events.onGoAway();
        checkOpenable();
        return true;
    }

    void defect(Throwable error) {
        defects.accept(error);
    }

    void removed(MuxStream stream) {
        streams.remove(stream);
    }

    /** What the end of a stream brings about; called after that stream's handler was told. */
    void settle() {
        if (ended != null) return;
        endWhenDrained();
        checkOpenable();
    }

    private void endWhenDrained() {
        if (!draining || streams.size() > 0 || memory.held() > 0 || ended != null) return;
        if (closesWhenDrained) close();
        else output.close(Frame.NORMAL);
    }

    void checkOpenable() {
        if (!openWaiting || openState() == OpenState.WAIT) return;
        openWaiting = false;
        events.onOpenable();
    }
}
