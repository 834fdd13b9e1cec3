package org.relay4j.yamux.io;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLEngineResult.Status;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A connection encrypted with TLS. The handshake comes first, see {@link #handshake}. After an {@link SSLException}, which ends
 * the connection, all calls fail with it.
 */
public final class TlsWire implements Wire {
    /*
     * Reading: one read of the socket takes up to 64 KiB into a buffer that is borrowed for the call. The engine decrypts it
     * record by record, directly into the caller's buffer while a whole record fits. A full read is followed by another one, so
     * that the caller receives as much at once as over a plain connection. What remains is kept in "received": an
     * incomplete record, or records for which the caller has no room. If not even one record fits into the caller's buffer,
     * records are decrypted into another borrowed buffer, and what the caller does not take is kept in "decrypted". The selector
     * knows of neither; hasInput reports both.
     *
     * Writing: the engine encrypts into a borrowed buffer until that is full, and all records leave with one write. What the
     * socket does not take is kept in "toSend". No more data is taken until that is sent. Answers of the engine to the peer, such
     * as key updates, are appended.
     *
     * The memory of the three comes from the buffer pool and counts against its budget: at most 64 KiB each, and none while
     * they are empty.
     *
     * Longer than 300 lines because the engine alternates between the two directions, also after the handshake.
     */

    /** What {@link #handshake} waits for. */
    public enum Handshake {
        DONE,
        /** The socket must be readable. */
        READ,
        /** The socket must be writable. */
        WRITE,
        /** {@link #task} must have run, on a thread that may compute for a while. */
        TASK
    }

    /**
     * The number of consecutive records without application data that are accepted. Each one costs as much as a record full of
     * data, or more: a key update also has to be answered. Servers send up to 10 session tickets.
     */
    static final int IDLE_RECORDS = 16;

    /** The number of times that the socket is read in one call: as much as the read buffer of a loop has room for. */
    private static final int READS = 4;

    /**
     * While one end encrypts, the other can decrypt what was sent before. On loopback, 1 MiB moves a third more than 256 KiB, and
     * more than 1 MiB gains nothing. Unit: bytes.
     */
    private static final int NEARBY_WINDOW = 1 << 20;

    private static final int HEADER = 5; // bytes
    private static final int RECORD = 16 * 1024; // bytes; data in the largest record
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);
    private static final Logger log = LoggerFactory.getLogger(TlsWire.class);

    private final SocketChannel channel;
    private final SSLEngine engine;
    private final PooledBytes received = new PooledBytes(BufferPool.shared()); // not yet decrypted
    private final PooledBytes decrypted = new PooledBytes(BufferPool.shared()); // not yet read
    private final PooledBytes toSend = new PooledBytes(BufferPool.shared()); // encrypted
    private @Nullable Runnable task; // not yet fetched
    private boolean begun;
    private boolean handshakeDone;
    private boolean recordWaits; // "received" begins with a complete record
    private int idleRecords; // in a row
    private boolean socketEnded; // end of input without close_notify
    private boolean closeNotified; // by the peer
    private boolean endReported; // read has returned -1
    private boolean outputEnded; // our close_notify is sent or waits in "toSend", or there is none after a failure
    private boolean alertWaits; // the engine has failed, and has prepared an alert
    private @Nullable SSLException failure;

    /** @param channel connected and non-blocking; closed with this wire */
    public TlsWire(SocketChannel channel, SSLEngine engine) {
        this.channel = channel;
        this.engine = engine;
    }

    /**
     * Continues a connection of which the beginning was already read.
     *
     * @param channel connected and non-blocking; closed with this wire
     * @param read the bytes that were read, encrypted, at most 64 KiB; copied
     */
    public TlsWire(SocketChannel channel, SSLEngine engine, ByteBuffer read) {
        this(channel, engine);
        if (!received.put(read)) {
            throw new IllegalArgumentException(
                    read.remaining() + " bytes were read before TLS, the most are " + PooledBytes.CAPACITY);
        }
    }

    @Override
    public SocketChannel channel() {
        return channel;
    }

    /** Returns the engine, for the negotiated parameters. */
    public SSLEngine engine() {
        return engine;
    }

    // ---- the handshake

    /**
     * Continues the handshake as far as possible without waiting. To be called until it is DONE.
     *
     * @throws SSLException if the handshake has failed; an alert with the reason was sent to the peer
     * @throws EOFException if the peer closed the connection before the handshake was complete
     * @throws IOException if the connection was lost
     */
    public Handshake handshake() throws IOException {
        checkUsable();
        try {
            if (!begun) engine.beginHandshake();
            begun = true;
            while (!handshakeDone) {
                switch (engine.getHandshakeStatus()) {
                    case NEED_TASK -> {
                        if (task == null) task = engine.getDelegatedTask();
                        if (task == null) throw new IllegalStateException("the previous task has not finished");
                        return Handshake.TASK;
                    }
                    case NEED_WRAP -> {
                        if (!flush()) return Handshake.WRITE;
                        encrypt(NOTHING);
                    }
                    case NEED_UNWRAP, NEED_UNWRAP_AGAIN -> {
                        if (!flush()) return Handshake.WRITE;
                        if (!decrypt(NOTHING)) return awaitRecord();
                    }
                    case NOT_HANDSHAKING, FINISHED -> handshakeDone = true;
                }
            }
        } catch (SSLException e) {
            throw fail(e);
        }
        return flush() ? Handshake.DONE : Handshake.WRITE;
    }

    private Handshake awaitRecord() throws IOException {
        if (closeNotified) throw new SSLException("the peer cancelled the TLS handshake");
        if (socketEnded) throw new EOFException("the peer closed the connection during the TLS handshake");
        return Handshake.READ;
    }

    /** Returns the computation that the engine needs before the handshake can continue. */
    public Runnable task() {
        Runnable due = task;
        if (due == null) throw new IllegalStateException("the handshake needs no task");
        task = null;
        return due;
    }

    // ---- input

    /**
     * {@inheritDoc}
     *
     * @throws SSLException if the peer violates the protocol or has sent an alert
     * @throws EOFException if the connection has ended without the close_notify that distinguishes an end from a cut
     */
    @Override
    public int read(ByteBuffer to) throws IOException {
        checkUsable();
        if (!decrypted.isEmpty()) return decrypted.moveTo(to);
        if (!to.hasRemaining()) return 0;
        int before = to.position();
        try {
            decrypt(to);
            if (recordWaits && to.position() == before) decryptForLater(to);
            if (to.position() > before) return to.position() - before;
            if (!closeNotified && !socketEnded) return 0;
            if (!closeNotified) throw new EOFException("the connection ended without the TLS close_notify");
            endReported = true;
            return -1;
        } catch (SSLException e) {
            throw fail(e);
        }
    }

    @Override
    public int nearbyWindow() {
        return NEARBY_WINDOW;
    }

    @Override
    public boolean hasInput() {
        return recordWaits || !decrypted.isEmpty() || (closeNotified && !endReported);
    }

    /** Decrypts more than {@code to} has room for. */
    private void decryptForLater(ByteBuffer to) throws IOException {
        ByteBuffer plain = RecordBuffers.acquire();
        try {
            decrypt(plain);
            decrypted.put(plain.flip());
            decrypted.moveTo(to);
        } finally {
            RecordBuffers.release(plain);
        }
    }

    /**
     * Decrypts received records, and reads the socket if there is none, again while it has more and {@code to} has room. Returns
     * false if there was no record.
     */
    private boolean decrypt(ByteBuffer to) throws IOException {
        ByteBuffer records = RecordBuffers.acquire();
        try {
            received.moveTo(records);
            boolean any = false;
            boolean more = true;
            for (int reads = 0; more && reads < READS; reads++) {
                more = fill(records);
                records.flip();
                while (decryptRecord(records, to)) any = true;
                records.compact();
                more &= !recordWaits && to.remaining() >= RECORD;
            }
            received.put(records.flip());
            return any;
        } finally {
            RecordBuffers.release(records);
        }
    }

    /** Reads the socket unless a record waits. Returns whether the socket may have more. */
    private boolean fill(ByteBuffer records) throws IOException {
        if (recordWaits || socketEnded) return false;
        int length = channel.read(records);
        socketEnded = length < 0;
        return !records.hasRemaining();
    }

    /** Returns false if nothing was decrypted, or the next step of the handshake is another one. */
    private boolean decryptRecord(ByteBuffer records, ByteBuffer to) throws IOException {
        if (closeNotified) {
            records.position(records.limit()); // nothing after it counts
            recordWaits = false;
            return false;
        }
        if (!handshakeDone && engine.getHandshakeStatus() != HandshakeStatus.NEED_UNWRAP) {
            recordWaits = isComplete(records);
            return false;
        }
        SSLEngineResult result = unwrap(records, to);
        recordWaits = result.getStatus() != Status.BUFFER_UNDERFLOW && isComplete(records);
        if (result.getStatus() == Status.CLOSED) closeNotified = true;
        else if (result.bytesConsumed() == 0) return false;
        if (handshakeDone) {
            if (result.bytesProduced() > 0) idleRecords = 0;
            else afterIdleRecord();
        }
        return true;
    }

    private static boolean isComplete(ByteBuffer records) {
        int available = records.remaining() - HEADER;
        return available >= 0 && available >= Short.toUnsignedInt(records.getShort(records.position() + 3));
    }

    /** Handles what the engine makes of a record without data, such as a key update. */
    private void afterIdleRecord() throws IOException {
        if (closeNotified) return;
        if (++idleRecords > IDLE_RECORDS)
            throw new SSLException("the peer sent more than " + IDLE_RECORDS + " TLS records without data in a row");
        switch (engine.getHandshakeStatus()) {
            case NEED_WRAP -> encrypt(NOTHING);
            case NEED_TASK, NEED_UNWRAP, NEED_UNWRAP_AGAIN ->
                throw new SSLException("the peer requested a new TLS handshake, which is not supported");
            default -> {}
        }
    }

    private SSLEngineResult unwrap(ByteBuffer records, ByteBuffer to) throws SSLException {
        try {
            return engine.unwrap(records, to);
        } catch (SSLException e) {
            alertWaits = true;
            throw e;
        } catch (RuntimeException e) {
            throw new SSLException("the TLS engine failed: " + e, e);
        }
    }

    // ---- output

    @Override
    public int write(ByteBuffer from) throws IOException {
        checkUsable();
        if (outputEnded) throw new ClosedChannelException();
        int start = from.position();
        try {
            while (from.hasRemaining() && flush()) encrypt(from);
        } catch (SSLException e) {
            throw fail(e);
        }
        return from.position() - start;
    }

    @Override
    public boolean flush() throws IOException {
        return toSend.sendTo(channel);
    }

    /** Encrypts data and what the engine itself has to send, as far as it fits into one write, and writes it. */
    private void encrypt(ByteBuffer from) throws IOException {
        boolean data = from.hasRemaining();
        ByteBuffer records = RecordBuffers.acquire();
        try {
            SSLEngineResult result;
            do result = wrap(from, records);
            while (result.bytesProduced() > 0
                    && (from.hasRemaining() || result.getHandshakeStatus() == HandshakeStatus.NEED_WRAP));
            if (data && records.position() == 0) throw new SSLException("the TLS engine accepts no data: " + result);
            send(records.flip());
            if (from.hasRemaining() && result.getStatus() == Status.CLOSED) throw new ClosedChannelException();
        } finally {
            RecordBuffers.release(records);
        }
    }

    private SSLEngineResult wrap(ByteBuffer from, ByteBuffer records) throws SSLException {
        try {
            return engine.wrap(from, records);
        } catch (SSLException e) {
            alertWaits = true;
            throw e;
        } catch (RuntimeException e) {
            throw new SSLException("the TLS engine failed: " + e, e);
        }
    }

    private void send(ByteBuffer records) throws IOException {
        if (toSend.isEmpty()) channel.write(records);
        if (!toSend.put(records)) throw new SSLException("the peer requests key updates, but does not read them");
    }

    // ---- the end

    private void checkUsable() throws SSLException {
        if (failure != null) throw failure;
    }

    /**
     * Sends the alert that the engine has prepared, or close_notify during the handshake. A failure that the engine does not know
     * of has no alert, and close_notify would tell the peer that what it has received is complete.
     */
    private SSLException fail(SSLException cause) {
        failure = cause;
        recordWaits = false;
        if (alertWaits || !handshakeDone) endOutput();
        outputEnded = true;
        return cause;
    }

    /** Sends close_notify, or queues it. */
    private void endOutput() {
        if (outputEnded) return;
        outputEnded = true;
        try {
            engine.closeOutbound();
            encrypt(NOTHING);
        } catch (IOException e) {
            log.debug("{}: cannot send the last TLS record: {}", this, e.toString());
        }
    }

    @Override
    public boolean shutdownOutput() throws IOException {
        if (!flush()) return false;
        endOutput();
        if (!flush()) return false;
        channel.shutdownOutput();
        return true;
    }

    @Override
    public int discard(ByteBuffer scratch) throws IOException {
        return channel.read(scratch.clear());
    }

    @Override
    public void close() {
        if (handshakeDone && channel.isOpen()) endOutput();
        received.release();
        decrypted.release();
        toSend.release();
        recordWaits = false;
        Sockets.close(channel);
    }

    @Override
    public String toString() {
        return "TLS over " + channel;
    }
}
