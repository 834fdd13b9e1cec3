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
 * The kit's end of a session, as scripts use it: sends any frame at all, and keeps account of the frames that come back.
 *
 * <p>There is no protocol machine behind it. What arrives is looked at only while a script waits, by {@link #await}, in the
 * order of arrival; the single thing that is done without the script is that pings are answered. For one thread.
 */
final class Peer {
    private final Connection connection;
    private final Role role;
    private final Trace trace;
    private final long timeout; // ns without any arrival, for each wait
    private final Map<Integer, KitStream> streams = new HashMap<>();
    private final List<Frame> received = new ArrayList<>();
    private final Set<Long> pings = new HashSet<>(); // sent and not answered yet
    private final Set<Long> pongs = new HashSet<>(); // values answered
    private int nextId;
    private long nextPing = 0x5eed0000L;
    private int strayPongs;
    private @Nullable Frame goAway;
    private int behindGoAway; // frames
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

    /** Sends one frame, or keeps it for {@link #together}. A connection that the endpoint has closed takes it in silence. */
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

    /** Sends the first {@code count} bytes of a frame, and not the rest. */
    void sendStart(Frame frame, int count) {
        trace.frame(true, frame, "only the first " + count + " bytes");
        write(Arrays.copyOf(frame.encoded(), count));
    }

    /** Sends all frames that {@code frames} sends in one piece. */
    void together(Runnable frames) {
        ByteArrayOutputStream batch = new ByteArrayOutputStream();
        trace.note(true, "in one piece:");
        together = batch;
        frames.run();
        together = null;
        write(batch.toByteArray());
        trace.note(true, "end of the piece");
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
            // The endpoint has closed the connection, which shows when the script waits next.
        }
    }

    /** Ends the kit's direction of the connection. */
    void endOutput() throws IOException {
        trace.note(true, "ends its direction of the connection");
        connection.shutdownOutput();
    }

    // ---- streams

    /** The id of the next stream of the kit. */
    int takeId() {
        int id = nextId;
        nextId += 2;
        return id;
    }

    /** A stream of which nothing was sent yet. */
    KitStream stream(int id) {
        return streams.computeIfAbsent(id, key -> new KitStream(this, key));
    }

    KitStream newStream() {
        return stream(takeId());
    }

    /** Opens a stream in the way that all implementations understand. */
    KitStream open() {
        KitStream stream = newStream();
        stream.window(Frame.SYN, 0);
        return stream;
    }

    // ---- receiving

    /** Takes what arrives until {@code done}; false when it never is, because nothing more arrived in time or at all. */
    boolean await(BooleanSupplier done) throws IOException {
        while (!done.getAsBoolean()) {
            if (end != null) return false;
            Connection.Arrival arrival = connection.next(System.nanoTime() + timeout);
            if (arrival == null) return false;
            take(arrival);
        }
        return true;
    }

    /** Takes what has arrived already, for the trace. */
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
        if (goAway != null) behindGoAway++;
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

    /** All frames so far. */
    List<Frame> received() {
        return received;
    }

    int strayPongs() {
        return strayPongs;
    }

    // ---- the session

    /** Sends a ping; {@link #answered} tells about its answer. */
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

    int behindGoAway() {
        return behindGoAway;
    }

    boolean hasEnded() {
        return end != null;
    }

    /** How things stand with the session, in a few words. */
    String state() {
        Frame away = goAway;
        String announced = away == null ? "" : "GoAway(" + away.length() + ")";
        String closed = end;
        if (closed == null) return away == null ? "the session goes on" : announced + ", and the connection stays open";
        return (away == null ? "without GoAway, " : announced + ", then ") + closed;
    }

    /**
     * Checks that the session still works: a new stream echoes.
     *
     * @throws Deviation when it does not
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

    /** Waits for the endpoint's reaction to something that it should not put up with; {@code stream} may be null. */
    Reaction reaction(@Nullable KitStream stream) throws IOException {
        await(() -> goAway != null || (stream != null && stream.resets() > 0));
        if (goAway != null) await(() -> false); // until the end, or for the time that an end should not take
        if (goAway != null || end != null) return new Reaction(Reaction.Kind.SESSION_ENDED, state());
        if (stream != null && stream.resets() > 0)
            return new Reaction(Reaction.Kind.STREAM_RESET, "RST for that stream");
        return new Reaction(Reaction.Kind.NONE, "no reaction");
    }
}
