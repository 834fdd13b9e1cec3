package org.relay4j.conformance;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The kit's end of a session for scripts. It can send any frame and records the received frames.
 *
 * <p>It has no protocol state machine. Received frames are processed in order while a script waits in {@link #await}.
 * The only automatic action is to answer pings. Not thread-safe.
 */
final class Peer {
    private final Connection connection;
    private final Role role;
    private final Trace trace;
    private final long timeout; // ns without any arrival, per wait
    private final Map<Integer, KitStream> streams = new HashMap<>();
    private final List<Frame> received = new ArrayList<>();
    private final Set<Long> pings = new HashSet<>(); // sent and not answered yet
    private final Set<Long> pongs = new HashSet<>(); // values answered
    private int nextId;
    private long nextPing = 0x5eed0000L;
    private int strayPongs;
    private @Nullable Frame goAway;
    private int framesAfterGoAway;
    private @Nullable String end; // how the endpoint ended the connection
    private @Nullable ByteArrayOutputStream together;

    Peer(Connection connection, Role role, Trace trace, Duration timeout) {
        this.connection = connection;
        this.role = role;
        this.trace = trace;
        this.timeout = timeout.toNanos();
        nextId = role.firstId();
    }

    Role role() {
        return role;
    }

    // ---- sending

    /** Sends one frame, or keeps it for {@link #together}. Does nothing if the endpoint has closed the connection. */
    void send(Frame frame) {
        trace.frame(true, frame);
        ByteArrayOutputStream batch = together;
        if (batch != null) batch.writeBytes(frame.encoded());
        else write(frame.encoded());
    }

    /** Sends a frame in pieces, with pauses of 2 ms between them, so that they arrive one by one. */
    void sendInPieces(Frame frame, int... cuts) {
        StringBuilder note = new StringBuilder("in pieces, cut before byte");
        byte[] bytes = frame.encoded();
        int from = 0;
        for (int cut : cuts) {
            note.append(' ').append(cut);
            writePiece(bytes, from, cut);
            from = cut;
        }
        writePiece(bytes, from, bytes.length);
        trace.frame(true, frame, note.toString());
    }

    /** Sends a frame byte by byte. */
    void sendByteByByte(Frame frame) {
        byte[] bytes = frame.encoded();
        for (int i = 0; i < bytes.length; i++) writePiece(bytes, i, i + 1);
        trace.frame(true, frame, "byte by byte");
    }

    /** Sends only the first {@code count} bytes of a frame. */
    void sendStart(Frame frame, int count) {
        trace.frame(true, frame, "only the first " + count + " bytes");
        write(Arrays.copyOf(frame.encoded(), count));
    }

    /** Sends all frames that {@code frames} sends with one write. */
    void together(Runnable frames) {
        ByteArrayOutputStream batch = new ByteArrayOutputStream();
        trace.note(true, "in one segment:");
        together = batch;
        frames.run();
        together = null;
        write(batch.toByteArray());
        trace.note(true, "end of the segment");
    }

    private void writePiece(byte[] bytes, int from, int to) {
        write(Arrays.copyOfRange(bytes, from, to));
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2));
    }

    private void write(byte[] bytes) {
        if (end != null) return;
        try {
            connection.write(bytes);
        } catch (IOException e) {
            // The endpoint has closed the connection; the next wait of the script reports it.
        }
    }

    /** Closes the kit's direction of the connection. */
    void endOutput() throws IOException {
        trace.note(true, "ends its direction of the connection");
        connection.shutdownOutput();
    }

    // ---- streams

    /** Returns the id of the next stream of the kit. */
    int takeId() {
        int id = nextId;
        nextId += 2;
        return id;
    }

    /** Returns a stream on which nothing was sent yet. */
    KitStream stream(int id) {
        return streams.computeIfAbsent(id, key -> new KitStream(this, key));
    }

    KitStream newStream() {
        return stream(takeId());
    }

    /** Opens a stream in a way that all implementations understand. */
    KitStream open() {
        KitStream stream = newStream();
        stream.window(Frame.SYN, 0);
        return stream;
    }

    // ---- receiving

    /** Processes arrivals until {@code done} is true; false on a timeout or at the end of the connection. */
    boolean await(BooleanSupplier done) throws IOException {
        while (!done.getAsBoolean()) {
            if (end != null) return false;
            Connection.Arrival arrival = connection.next(System.nanoTime() + timeout);
            if (arrival == null) return false;
            take(arrival);
        }
        return true;
    }

    /** Processes all frames that have arrived already, for the trace. */
    void drain() throws IOException {
        while (end == null) {
            Connection.Arrival arrival = connection.next(0);
            if (arrival == null) return;
            take(arrival);
        }
    }

    private void take(Connection.Arrival arrival) {
        Frame frame = arrival.frame();
        if (frame == null) {
            end = arrival.end();
            trace.note(false, arrival.end());
            return;
        }
        trace.frame(false, frame);
        received.add(frame);
        if (goAway != null) framesAfterGoAway++;
        switch (frame.type()) {
            case Frame.PING -> takePing(frame);
            case Frame.GO_AWAY -> {
                if (goAway == null) goAway = frame;
            }
            default -> stream(frame.id()).take(frame);
        }
    }

    private void takePing(Frame ping) {
        if (ping.has(Frame.SYN)) {
            send(Frame.of(Frame.PING, Frame.ACK, 0, ping.length()));
        } else if (pings.remove(ping.length())) pongs.add(ping.length());
        else strayPongs++;
    }

    /** Returns all frames received so far. */
    List<Frame> received() {
        return received;
    }

    int strayPongs() {
        return strayPongs;
    }

    // ---- the session

    /** Sends a ping; {@link #answered} returns whether it was answered. */
    long ping(int flags, int id) {
        return ping(flags, id, nextPing++);
    }

    long ping(int flags, int id, long value) {
        pings.add(value);
        send(Frame.of(Frame.PING, flags, id, value));
        return value;
    }

    boolean answered(long ping) {
        return pongs.contains(ping);
    }

    void goAway(long code) {
        send(Frame.of(Frame.GO_AWAY, 0, 0, code));
    }

    @Nullable
    Frame goAwayReceived() {
        return goAway;
    }

    int framesAfterGoAway() {
        return framesAfterGoAway;
    }

    boolean hasEnded() {
        return end != null;
    }

    /** Returns a short description of the state of the session. */
    String state() {
        Frame away = goAway;
        String announced = away == null ? "" : "GoAway(" + away.length() + ")";
        String closed = end;
        if (closed == null) return away == null ? "the session continues" : announced + ", the connection stays open";
        return (away == null ? "without GoAway, " : announced + ", then ") + closed;
    }

    /**
     * Checks that the session still works: a new stream echoes.
     *
     * @throws Deviation if it does not
     */
    void survives() throws Deviation, IOException {
        KitStream fresh = open();
        byte[] bytes = Payload.of(8);
        fresh.data(0, bytes);
        await(() -> fresh.receivedBytes() >= bytes.length || fresh.resets() > 0 || goAway != null);
        if (fresh.receivedBytes() < bytes.length || goAway != null)
            throw new Deviation("the session did not survive: " + why(fresh));
        fresh.window(Frame.FIN, 0);
    }

    private String why(KitStream fresh) {
        if (end != null || goAway != null) return state();
        if (fresh.resets() > 0) return "a new stream is reset";
        return "a new stream does not echo";
    }

    /** Waits for the endpoint's reaction to a violation that it should reject; {@code stream} may be null. */
    Reaction reaction(@Nullable KitStream stream) throws IOException {
        await(() -> goAway != null || (stream != null && stream.resets() > 0));
        if (goAway != null) await(() -> false); // until the connection ends or the timeout expires
        if (goAway != null || end != null) return new Reaction(Reaction.Kind.SESSION_ENDED, state());
        if (stream != null && stream.resets() > 0)
            return new Reaction(Reaction.Kind.STREAM_RESET, "RST for that stream");
        return new Reaction(Reaction.Kind.NONE, "no reaction");
    }
}
