package org.relay4j.yamux.core;

import java.nio.ByteBuffer;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One end of a stream in a simulated session, with a user that writes and reads at random. The user relies on the core:
 * when it has to wait, it does nothing until it is notified. Every byte and every event is checked.
 */
final class SimulatedStream implements StreamHandler {
    private static final byte[] CONTENT = content();
    private static final int PERIOD = CONTENT.length / 2; // bytes; a prime number

    private final SplittableRandom random;
    private final LongSupplier clock; // ns
    private final boolean outbound;
    final MuxStream core;
    final int toSend; // bytes
    int sent; // bytes
    int received; // bytes
    boolean accepted;
    boolean waits; // must wait before it writes
    boolean lazy; // leaves what arrives in the buffer
    boolean closedWrite;
    boolean closedRead;
    boolean resetHere;
    boolean finSeen;
    int endSeenAt = -1; // bytes

    @Nullable
    Cause resetSeen;

    SimulatedStream(MuxStream core, int toSend, SplittableRandom random, LongSupplier clock) {
        this.clock = clock;
        this.core = core;
        this.toSend = toSend;
        this.random = random;
        outbound = core.outbound;
        accepted = outbound;
        lazy = random.nextInt(3) == 0;
    }

    // ---- what the user does

    void write() {
        if (closedWrite || waits || !core.isWritable()) return;
        if (sent == toSend) {
            closeWrite();
            return;
        }
        int wanted = Math.min(toSend - sent, 1 + random.nextInt(random.nextInt(5) == 0 ? 300_000 : 5_000));
        ByteBuffer room = core.reserve(wanted, clock.getAsLong());
        if (room == null) {
            waits = true;
            return;
        }
        check(room.remaining() > 0 && room.remaining() <= wanted, "room for " + room.remaining() + " of " + wanted);
        if (random.nextInt(20) == 0) {
            core.cancel();
            return;
        }
        int length = random.nextInt(4) == 0 ? 1 + random.nextInt(room.remaining()) : room.remaining();
        for (int done = 0; done < length; ) {
            int at = place(outbound, sent + done);
            int part = Math.min(length - done, PERIOD);
            room.put(CONTENT, at, part);
            done += part;
        }
        core.commit(length, clock.getAsLong());
        sent += length;
    }

    void read() {
        if (resetHere || closedRead) return;
        ByteBuffer waiting = core.peek();
        if (waiting != null) {
            int length = random.nextInt(3) == 0 ? 1 + random.nextInt(waiting.remaining()) : waiting.remaining();
            compare(waiting, length);
            core.advance(length, clock.getAsLong());
        }
        lookForTheEnd();
    }

    private void lookForTheEnd() {
        if (closedRead || !core.atEnd()) return;
        check(endSeenAt < 0 || endSeenAt == received, "the end came twice");
        endSeenAt = received;
    }

    void accept() {
        accepted = true;
        core.accept();
    }

    void closeWrite() {
        closedWrite = true;
        core.closeWrite(clock.getAsLong());
    }

    void closeRead() {
        closedRead = true;
        core.closeRead();
    }

    void close() {
        closedRead = true;
        closedWrite = true;
        core.close(clock.getAsLong());
    }

    void reset() {
        closedRead = true;
        closedWrite = true;
        resetHere |= !core.isGone();
        core.reset(random.nextInt(3));
        core.closeRead();
    }

    /** Nothing will happen on it any more. */
    boolean isOver() {
        return core.isGone() && (closedRead || core.available() == 0);
    }

    // ---- what the core says

    @Override
    public void onData(MuxStream stream, ByteBuffer payload) {
        checkAlive(stream);
        check(!finSeen, "data after FIN");
        check(!closedRead, "data after the user stopped reading");
        check(payload.hasRemaining(), "no data");
        if (lazy) return;
        compare(payload, random.nextInt(5) == 0 ? random.nextInt(payload.remaining() + 1) : payload.remaining());
        if (random.nextInt(200) == 0) closeRead();
    }

    @Override
    public void onBuffered(MuxStream stream) {
        checkAlive(stream);
        check(!finSeen && !closedRead && stream.available() > 0, "buffered at the wrong time");
        if (random.nextInt(4) == 0) read();
    }

    @Override
    public void onFin(MuxStream stream) {
        checkAlive(stream);
        check(!finSeen, "FIN twice");
        finSeen = true;
        lookForTheEnd();
    }

    @Override
    public void onReset(MuxStream stream, Cause cause) {
        boolean again = resetSeen != null
                && finSeen
                && core.available() > 0
                && cause.kind().endsSession();
        if (again) resetSeen = null;
        checkAlive(stream);
        check(core.isGone(), "reset and not gone");
        resetSeen = cause;
        if (finSeen) return;
        check(core.available() == 0 && core.peek() == null, "a torso was left to be read");
        check(!core.atEnd(), "a reset looks like the end");
    }

    @Override
    public void onWritable(MuxStream stream) {
        checkAlive(stream);
        check(waits, "notified, but was not waiting");
        check(!closedWrite, "notified after the user closed");
        waits = false;
        if (random.nextBoolean()) write();
    }

    private void checkAlive(MuxStream stream) {
        check(stream == core, "an event of another stream");
        check(!resetHere, "an event after the user reset the stream");
        check(resetSeen == null, "an event after the stream was reset");
    }

    private void compare(ByteBuffer bytes, int length) {
        for (int done = 0; done < length; ) {
            int part = Math.min(length - done, PERIOD);
            ByteBuffer expected = ByteBuffer.wrap(CONTENT, place(!outbound, received + done), part);
            ByteBuffer actual = bytes.slice(bytes.position(), part);
            check(expected.equals(actual), "other bytes at " + (received + done + expected.mismatch(actual)));
            bytes.position(bytes.position() + part);
            done += part;
        }
        received += length;
    }

    private void check(boolean holds, String otherwise) {
        if (!holds) throw new AssertionError(this + ": " + otherwise);
    }

    /** Each direction of each stream has its own content. */
    private int place(boolean fromOpener, int offset) {
        return Math.floorMod(core.id() * 7919 + (fromOpener ? 0 : 31) + offset, PERIOD);
    }

    private static byte[] content() {
        int period = 65_521;
        byte[] once = new byte[period];
        new java.util.Random(1).nextBytes(once);
        byte[] twice = java.util.Arrays.copyOf(once, 2 * period);
        System.arraycopy(once, 0, twice, period, period);
        return twice;
    }

    @Override
    public String toString() {
        return "stream " + core.id() + (outbound ? " of the opener" : " of the acceptor") + ", sent " + sent + " of "
                + toSend + (waits ? " and waits" : "") + ", received " + received + ", "
                + (closedWrite ? "W" : "-") + (closedRead ? "R" : "-") + (resetHere ? "X" : "-")
                + (finSeen ? "F" : "-") + (core.isGone() ? "G" : "-") + " reset " + resetSeen + ", window "
                + core.sendWindow() + "/" + core.receiveWindow() + "+" + core.available() + "+" + core.credit();
    }
}
