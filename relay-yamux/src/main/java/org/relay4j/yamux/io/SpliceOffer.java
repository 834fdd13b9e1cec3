package org.relay4j.yamux.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.core.StreamHandler;

/**
 * A connection that is offered to the peer on a new stream. The peer accepts it with the acknowledgement of the stream, or resets
 * the stream. Until then the connection is not read and not registered with any loop, so it can be offered to another peer. On the
 * loop of the session, with its lock held.
 */
public final class SpliceOffer implements StreamHandler {
    /** Learns of the answer. Called once, on the loop with the session's lock held. */
    public interface Answer {
        /** The peer has accepted the connection, which belongs to the splice. {@link Splice.Owner#ended} follows. */
        void accepted(Splice splice);

        /**
         * The peer has not accepted the connection, which belongs to the caller again.
         *
         * @param cause why the stream has ended; its code is that of the peer if the peer has reset the stream
         */
        void declined(Cause cause);

        /** The connection has failed when it was accepted, and was closed. */
        void failed(IOException failure);
    }

    private final LoopDriver driver;
    private final Wire wire;
    private final @Nullable ByteBuffer read;
    private final Splice.Owner owner;
    private final Answer answer;
    private @Nullable ByteBuffer header; // until it is sent
    private boolean answered;

    private SpliceOffer(LoopDriver driver, Wire wire, @Nullable ByteBuffer read, Splice.Owner owner, Answer answer) {
        this.driver = driver;
        this.wire = wire;
        this.read = read;
        this.owner = owner;
        this.answer = answer;
    }

    /**
     * Offers a connection. The session must be READY.
     *
     * @param wire over a connected, configured socket that is not registered with a loop
     * @param read bytes that were already read from the connection, sent after the acknowledgement; null for none
     * @param header bytes that the stream begins with, sent at once and not counted, at most a few hundred
     * @param owner of the splice, once the peer has accepted it
     * @return false if there is no memory for the stream. The answer is not called then, and the caller keeps the connection
     */
    public static boolean make(
            LoopDriver driver, Wire wire, @Nullable ByteBuffer read, byte[] header, Splice.Owner owner, Answer answer) {
        SpliceOffer offer = new SpliceOffer(driver, wire, read, owner, answer);
        MuxStream stream = driver.mux().open(offer, driver.loop().now());
        if (stream == null) return false;
        offer.header = ByteBuffer.wrap(header);
        offer.sendHeader(stream);
        driver.flush();
        return true;
    }

    private void sendHeader(MuxStream stream) {
        ByteBuffer rest = header;
        while (rest != null && rest.hasRemaining()) {
            int length = stream.send(rest, rest.remaining(), driver.loop().now());
            if (length == 0) return; // onWritable continues
            stream.uncount(length);
        }
        header = null;
    }

    @Override
    public void onWritable(MuxStream stream) {
        sendHeader(stream);
    }

    @Override
    public void onAcknowledged(MuxStream stream) {
        if (answered) return;
        answered = true;
        if (header != null) {
            stream.reset(0);
            answer.declined(new Cause(Cause.Kind.STREAM_ERROR, "the peer acknowledged a stream before its header"));
            return;
        }
        Splice splice;
        try {
            splice = Splice.proceed(driver, stream, wire, owner, read);
        } catch (IOException | RuntimeException e) {
            stream.reset(0);
            Sockets.reset(wire.channel());
            wire.close();
            answer.failed(e instanceof IOException io ? io : new IOException(e.toString(), e));
            return;
        }
        answer.accepted(splice);
    }

    @Override
    public void onReset(MuxStream stream, Cause cause) {
        if (answered) return;
        answered = true;
        answer.declined(cause);
    }

    @Override
    public void onData(MuxStream stream, ByteBuffer payload) {
        // bytes of the peer follow its acknowledgement
    }

    @Override
    public void onBuffered(MuxStream stream) {}

    @Override
    public void onFin(MuxStream stream) {}
}
