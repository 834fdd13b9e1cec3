package org.relay4j.yamux.io;

import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.StreamHandler;

/**
 * A stream that carries the datagrams of one visitor of a UDP port, in both directions. All methods are called with the session's
 * lock held.
 */
public final class DatagramStream implements StreamHandler {
    /*
     * Outbound, a datagram is copied into the session's output. If the window or the output is full, it waits in a queue, where
     * the newest displaces the oldest. So nobody else waits for it.
     * Inbound, datagrams are passed on from the loop's read buffer. An incomplete one stays in the buffer of the stream, within
     * the limits that hold for all unread bytes. So do those beyond the turn of the session, which continues in the next pass.
     * A visitor of a UDP port is either there or not. So FIN and RST from the peer both end the stream in both directions; FIN
     * once the datagrams before it were passed on.
     */

    /** The largest datagram. Unit: bytes. */
    public static final int LARGEST = DatagramReader.LARGEST;

    /** The code of a reset that says that the local service does not exist. */
    public static final int REFUSED = 1;

    /** The user of a stream. Called with the session's lock held, {@code received} on the loop. */
    public interface Owner {
        /** A datagram has arrived. It is between position and limit, and valid until this method returns. */
        void received(ByteBuffer datagram);

        /** Datagrams were dropped because the stream did not send them fast enough. */
        void dropped(int datagrams);

        /**
         * The stream has ended, but not by {@link #end}.
         *
         * @param cause why; null if the peer has closed the stream
         */
        void ended(@Nullable Cause cause);
    }

    private final LoopDriver driver;
    private final Owner owner;
    private final DatagramQueue queue;
    private final DatagramReader reader = new DatagramReader();
    private final Arrivals arrivals = new Arrivals();
    private MuxStream stream;
    private int uncounted; // bytes left of the preamble
    private boolean ended;
    private boolean waits; // for the next turn, with bytes in the buffer
    private boolean closing; // the peer has sent FIN while it waits

    @SuppressWarnings("NullAway.Init") // the two factories set the stream before the first callback
    private DatagramStream(LoopDriver driver, DatagramMemory memory, Owner owner) {
        this.driver = driver;
        this.owner = owner;
        queue = new DatagramQueue(memory);
    }

    /**
     * Opens a stream. On the loop; the session must be READY.
     *
     * @param preamble bytes that the stream begins with, which are not counted
     * @return null if there is no memory left
     */
    public static @Nullable DatagramStream open(
            LoopDriver driver, DatagramMemory memory, Owner owner, byte[] preamble) {
        DatagramStream opened = new DatagramStream(driver, memory, owner);
        MuxStream stream = driver.mux().open(opened, driver.loop().now());
        if (stream == null) return null;
        opened.stream = stream;
        if (opened.begin(preamble)) return opened;
        opened.end(0);
        return null;
    }

    /** Accepts a stream of the peer. */
    public static DatagramStream accept(LoopDriver driver, MuxStream stream, DatagramMemory memory, Owner owner) {
        DatagramStream accepted = new DatagramStream(driver, memory, owner);
        accepted.stream = stream;
        stream.accept();
        return accepted;
    }

    private boolean begin(byte[] preamble) {
        ByteBuffer room = stream.reserve(preamble.length, now());
        if (room != null && room.remaining() >= preamble.length) {
            room.put(preamble);
            stream.commit(preamble.length, now());
            stream.uncount(preamble.length);
            return true;
        }
        if (room != null) stream.cancel();
        if (!queue.begin(preamble)) return false;
        uncounted = preamble.length;
        pump();
        return true;
    }

    /** Returns the stream, for its figures. */
    public MuxStream stream() {
        return stream;
    }

    /** Returns whether the bandwidth of the tunnel allows a datagram now, and uses it. On the loop. */
    public boolean admits(ByteBuffer datagram) {
        Throttle throttle = driver.throttle();
        return throttle == null || throttle.admits(DatagramReader.PREFIX + datagram.remaining());
    }

    /** Sends a datagram of at most {@link #LARGEST} bytes, soon, unless newer ones displace it. The caller flushes the driver. */
    public void send(ByteBuffer datagram) {
        if (ended || (queue.isEmpty() && sendNow(datagram))) return;
        int dropped = queue.add(datagram);
        if (dropped > 0) owner.dropped(dropped);
        pump();
    }

    /** Sends a datagram without a queue; false if there is no room for all of it. */
    private boolean sendNow(ByteBuffer datagram) {
        int length = datagram.remaining();
        int needed = DatagramReader.PREFIX + length;
        if (length > LARGEST || stream.sendWindow() < needed) return false;
        ByteBuffer room = stream.reserve(needed, now());
        if (room == null) return false;
        if (room.remaining() < needed) {
            stream.cancel();
            return false;
        }
        room.put((byte) (length >> 8)).put((byte) length).put(datagram);
        stream.commit(needed, now());
        driver.flushIfMuch();
        return true;
    }

    /** Sends as much of the queue as there is room for. */
    private void pump() {
        while (!ended && !queue.isEmpty()) {
            ByteBuffer room = stream.reserve(queue.size(), now());
            if (room == null) return; // onWritable continues
            int before = room.position();
            queue.moveTo(room);
            int length = room.position() - before;
            stream.commit(length, now());
            int own = Math.min(length, uncounted);
            stream.uncount(own);
            uncounted -= own;
            driver.flushIfMuch();
        }
    }

    private long now() {
        return driver.loop().isCurrent() ? driver.loop().now() : System.nanoTime();
    }

    /** Ends the stream in both directions, with a reset. The owner is not notified. The caller flushes the driver. */
    public void end(int code) {
        if (ended) return;
        ended = true;
        queue.release();
        stream.reset(code);
    }

    // ---- the stream

    @Override
    public void onData(MuxStream from, ByteBuffer payload) {
        reader.read(payload, arrivals);
        check();
    }

    @Override
    public void onBuffered(MuxStream from) {
        for (ByteBuffer first; !ended && (first = stream.peek()) != null; ) {
            if (!arrivals.ready()) return;
            int before = first.position();
            boolean known = reader.readLength(first);
            stream.advance(first.position() - before, now());
            check();
            if (ended || (known && stream.available() < reader.length())) return;
            if (known) owner.received(assembled());
        }
    }

    /** The complete datagrams of a read. */
    private final class Arrivals implements DatagramReader.Target, DatagramTurn.Waiting {
        @Override
        public boolean ready() {
            waits = !driver.datagramTurn().take(this);
            return !waits;
        }

        @Override
        public void resume() {
            waits = false;
            if (ended) return;
            onBuffered(stream);
            if (closing && !waits) close();
        }

        @Override
        public void received(ByteBuffer datagram) {
            if (!ended) owner.received(datagram);
        }
    }

    /** Returns whether the peer has sent a datagram with an impossible length. */
    public boolean isMalformed() {
        return reader.isMalformed();
    }

    private void check() {
        if (ended || !reader.isMalformed()) return;
        end(0);
        String why = "it carries a datagram of " + reader.length() + " bytes, at most " + LARGEST + " are possible";
        owner.ended(new Cause(Cause.Kind.STREAM_ERROR, why));
    }

    /** Copies the next datagram, which is complete, out of the stream's buffer, where it may be in several pieces. */
    private ByteBuffer assembled() {
        int length = reader.length();
        reader.next();
        ByteBuffer whole = driver.loop().datagramBuffer().clear();
        while (whole.position() < length) {
            ByteBuffer piece = stream.peek();
            if (piece == null) throw new IllegalStateException("bytes are missing that were counted as available");
            int size = Math.min(piece.remaining(), length - whole.position());
            whole.put(whole.position(), piece, piece.position(), size);
            whole.position(whole.position() + size);
            piece.position(piece.position() + size);
            stream.advance(size, now());
        }
        return whole.flip();
    }

    @Override
    public void onFin(MuxStream from) {
        if (waits) closing = true;
        else close();
    }

    private void close() {
        if (ended) return;
        ended = true;
        queue.release();
        stream.close(now());
        owner.ended(null);
    }

    @Override
    public void onReset(MuxStream from, Cause cause) {
        if (ended) return;
        ended = true;
        queue.release();
        owner.ended(cause);
    }

    @Override
    public void onWritable(MuxStream from) {
        pump();
    }
}
