package org.relay4j.yamux.core;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.function.IntConsumer;
import java.util.function.UnaryOperator;

/**
 * The other end of a session, played by a test: it sends bytes to the core under test, says which bytes it expects back,
 * and which events the core's user received. Output of the core waits until {@code expects} reads it, so a peer
 * that does not read is one that expects nothing for a while.
 */
final class ScriptedPeer {
    static final long SECOND = 1_000_000_000L;

    final CountingBuffers buffers = new CountingBuffers();
    final Multiplexer core;

    private final RecordingUser user = new RecordingUser();
    private long now = 7 * SECOND;

    private ScriptedPeer(Role roleOfCore, CoreOptions options) {
        core = new Multiplexer(roleOfCore, options, buffers, user, now);
    }

    /** Plays the client: the core under test is the server, which opens even ids. */
    static ScriptedPeer client() {
        return new ScriptedPeer(Role.SERVER, new Options().build());
    }

    /** Plays the server: the core under test is the client, which opens odd ids. */
    static ScriptedPeer server() {
        return new ScriptedPeer(Role.CLIENT, new Options().build());
    }

    static ScriptedPeer client(UnaryOperator<Options> changes) {
        return new ScriptedPeer(Role.SERVER, changes.apply(new Options()).build());
    }

    static ScriptedPeer server(UnaryOperator<Options> changes) {
        return new ScriptedPeer(Role.CLIENT, changes.apply(new Options()).build());
    }

    // ---- the wire

    ScriptedPeer sends(String... hex) {
        core.receive(ByteBuffer.wrap(Wire.bytes(hex)), now);
        return this;
    }

    ScriptedPeer sendsInPiecesOf(int length, String... hex) {
        byte[] bytes = Wire.bytes(hex);
        for (int at = 0; at < bytes.length; at += length) {
            core.receive(ByteBuffer.wrap(bytes, at, Math.min(length, bytes.length - at)), now);
        }
        return this;
    }

    /** The peer closes the connection. */
    ScriptedPeer hangsUp() {
        core.endOfInput();
        return this;
    }

    /** Reads everything that the core wants to send, and compares it. */
    ScriptedPeer expects(String... hex) {
        assertEquals(Wire.lines(Wire.bytes(hex)), Wire.lines(reads()));
        return this;
    }

    ScriptedPeer expectsNothing() {
        return expects();
    }

    /** Reads everything that the core wants to send. */
    byte[] reads() {
        return readsAtMost(Integer.MAX_VALUE);
    }

    /** Reads so many bytes of what the core wants to send, or all of it when that is less. */
    byte[] readsAtMost(int most) {
        ByteArrayOutputStream read = new ByteArrayOutputStream();
        for (ByteBuffer out; read.size() < most && (out = core.nextOutput(now)) != null; ) {
            byte[] part = new byte[Math.min(out.remaining(), most - read.size())];
            out.get(part);
            read.writeBytes(part);
            core.sent(part.length, now);
        }
        core.resumeWaiting(now);
        return read.toByteArray();
    }

    // ---- time

    /** Lets time pass and ticks once at the end of it. */
    ScriptedPeer afterSeconds(double seconds) {
        now += Math.round(seconds * SECOND);
        core.tick(now);
        return this;
    }

    long now() {
        return now;
    }

    // ---- the user of the core

    /** From here on the user refuses user.streams. */
    ScriptedPeer userRefuses(boolean newRefusing) {
        user.refusing = newRefusing;
        return this;
    }

    /** From here on the user fails when it is given a stream. */
    ScriptedPeer userThrows(boolean newThrowing) {
        user.throwing = newThrowing;
        return this;
    }

    /** Whether the user takes bytes when they arrive, which is the beginning, or leaves them in the stream's buffer. */
    ScriptedPeer userReads(boolean newConsuming) {
        user.consuming = newConsuming;
        return this;
    }

    /** What the user does when bytes arrive, after it has taken them or not. */
    ScriptedPeer userOnData(Runnable action) {
        user.onData = action;
        return this;
    }

    /** What the user does when a stream gets its turn; given its id. */
    ScriptedPeer userOnWritable(IntConsumer action) {
        user.onWritable = action;
        return this;
    }

    MuxStream opens() {
        MuxStream stream = core.open(user, now);
        user.streams.put(stream.id(), stream);
        return stream;
    }

    /** The stream with this id, which the user or the peer has opened. */
    MuxStream stream(int id) {
        MuxStream stream = user.streams.get(id);
        if (stream == null) throw new AssertionError("there was no stream " + id);
        return stream;
    }

    boolean knows(int id) {
        return user.streams.containsKey(id);
    }

    ScriptedPeer accepts(int id) {
        stream(id).accept();
        return this;
    }

    /** Writes all of the text as one frame; there must be window and room. */
    ScriptedPeer writes(int id, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        ByteBuffer room = stream(id).reserve(bytes.length, now);
        if (room == null || room.remaining() < bytes.length) throw new AssertionError("no room for " + text);
        room.put(bytes);
        stream(id).commit(bytes.length, now);
        return this;
    }

    /** Writes so many zeros, as far as window and room go. Returns how many it were. */
    int writesBytes(int id, int length) {
        int written = 0;
        for (ByteBuffer room; written < length && (room = stream(id).reserve(length - written, now)) != null; ) {
            int part = room.remaining();
            room.put(new byte[part]);
            stream(id).commit(part, now);
            written += part;
        }
        return written;
    }

    /** Takes everything that waits in the stream's buffer. */
    String reads(int id) {
        StringBuilder text = new StringBuilder();
        for (ByteBuffer waiting; (waiting = stream(id).peek()) != null; ) text.append(take(stream(id), waiting));
        return text.toString();
    }

    private String take(MuxStream stream, ByteBuffer waiting) {
        int length = waiting.remaining();
        String text = StandardCharsets.ISO_8859_1.decode(waiting).toString();
        stream.advance(length, now);
        return text;
    }

    /** Compares the events of the user since the last call, and clears them. */
    ScriptedPeer told(String... expected) {
        assertEquals(String.join("\n", expected), String.join("\n", user.events));
        user.events.clear();
        return this;
    }

    ScriptedPeer toldNothing() {
        return told();
    }

    /** The test has seen enough of this stream. */
    ScriptedPeer forgets(int id) {
        user.streams.remove(id);
        user.events.clear();
        return this;
    }

    /** Clears the events and reads the output so far: the test starts after its preparations. */
    ScriptedPeer afresh() {
        reads();
        user.events.clear();
        return this;
    }

    /** After the end: all is empty and all memory has come back. */
    ScriptedPeer leavesNothing() {
        core.discardOutput();
        assertEquals(0, core.streamCount(), "streams in the table");
        assertEquals(0, core.parts().queue().control.size(), "streams in the control queue");
        assertEquals(0, core.parts().queue().waiting.size(), "streams that wait for room");
        buffers.assertAllReturned();
        return this;
    }
}
