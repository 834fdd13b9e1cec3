package org.relay4j.server.peer;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.StreamHandler;

/** An end of a transfer over a bridge: sends a pattern, and checks that of the other end. */
final class BridgeParty implements StreamHandler {
    private final int ours; // selects the pattern
    private final int theirs;
    MuxStream stream;
    long sent; // bytes
    long received; // bytes
    boolean reads = true;
    boolean ended; // we have sent FIN
    boolean atEnd; // the other end has sent FIN, and everything before it was received
    boolean acknowledged;
    private boolean cut; // we have reset the stream

    @Nullable
    Cause reset;

    int skip; // bytes of the header that are left to be read

    @SuppressWarnings("NullAway.Init") // set when the stream is opened
    BridgeParty(int ours, int theirs) {
        this.ours = ours;
        this.theirs = theirs;
    }

    private static byte at(int pattern, long index) {
        return (byte) (((index + 1) * 0x9E3779B97F4A7C15L ^ pattern * 0xC2B2AE3D27D4EB4FL) >>> 56);
    }

    /** Sends at most so many bytes. Returns how many there was room for. */
    int send(int most) {
        int done = 0;
        while (done < most && !ended && stream.isWritable()) {
            ByteBuffer room = stream.reserve(most - done, System.nanoTime());
            if (room == null) break;
            int length = Math.min(room.remaining(), most - done);
            for (int n = 0; n < length; n++) room.put(at(ours, sent + n));
            stream.commit(length, System.nanoTime());
            sent += length;
            done += length;
        }
        return done;
    }

    void end() {
        ended = true;
        stream.closeWrite(System.nanoTime());
    }

    /** Resets the stream, and reads no more. */
    void cut(int code) {
        cut = true;
        stream.reset(code);
    }

    /** Reads, or not. */
    void reads(boolean now) {
        reads = now;
        if (!now || cut) return;
        for (ByteBuffer waiting; (waiting = stream.peek()) != null; ) {
            int length = waiting.remaining();
            check(waiting);
            stream.advance(length, System.nanoTime());
        }
        atEnd |= stream.atEnd();
    }

    private void check(ByteBuffer bytes) {
        for (; skip > 0 && bytes.hasRemaining(); skip--) bytes.get();
        while (bytes.hasRemaining()) {
            byte expected = at(theirs, received);
            if (bytes.get() != expected) throw new AssertionError("byte " + received + " of pattern " + theirs);
            received++;
        }
    }

    @Override
    public void onAcknowledged(MuxStream from) {
        if (received > 0 || acknowledged) throw new AssertionError("acknowledged late, or twice");
        acknowledged = true;
    }

    @Override
    public void onData(MuxStream from, ByteBuffer payload) {
        if (reads) check(payload);
    }

    @Override
    public void onBuffered(MuxStream from) {
        if (reads) reads(true);
    }

    @Override
    public void onFin(MuxStream from) {
        atEnd |= from.atEnd();
    }

    @Override
    public void onReset(MuxStream from, Cause cause) {
        if (!atEnd) reset = cause;
    }

    @Override
    public void onWritable(MuxStream from) {}

    @Override
    public String toString() {
        return "sent " + sent + (ended ? " and FIN" : "") + ", received " + received + (atEnd ? " and FIN" : "")
                + ", reset " + reset;
    }
}
