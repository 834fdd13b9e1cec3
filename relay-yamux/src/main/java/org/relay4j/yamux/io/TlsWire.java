package org.relay4j.yamux.io;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tlschannel.ClientTlsChannel;
import tlschannel.NeedsReadException;
import tlschannel.NeedsTaskException;
import tlschannel.NeedsWriteException;
import tlschannel.ServerTlsChannel;
import tlschannel.TlsChannel;
import tlschannel.TlsChannelBuilder;

/** A connection through TLS. The handshake comes first, see {@link #handshake}. */
public final class TlsWire implements Wire {
    /*
     * tls-channel runs the engine; between it and the socket stands Ciphertext, which decides when system calls happen.
     *
     * Reading: one read of the socket takes up to 64 KiB, and all records in it are decrypted before the selector is asked
     * again. A record that is not complete waits in tls-channel's own buffer. What the caller has no room for stays where it
     * is, and hasInput says so, since no selector would.
     *
     * Writing: bytes are taken in pieces of 48 KiB. The records of a piece always find room in Ciphertext, so the engine never
     * stops halfway, and they leave in one write. While some of them wait for the socket nothing more is taken.
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

    /** Bytes that are encrypted at once: three records, which fit into a piece of Ciphertext with their overhead. */
    private static final int PIECE = 3 * 16 * 1024;

    private static final Logger log = LoggerFactory.getLogger(TlsWire.class);

    private final SSLEngine engine;
    private final Ciphertext ciphertext;
    private final TlsChannel tls;
    private @Nullable Runnable task;
    private boolean handshakeDone;
    private boolean maybeInput = true; // behind the last bytes of the handshake
    private boolean outputEnded; // close_notify was queued

    /** @param channel connected and non-blocking; closed with this wire */
    public TlsWire(SocketChannel channel, SSLEngine engine) {
        this.engine = engine;
        ciphertext = new Ciphertext(channel, BufferPool.shared());
        tls = engine.getUseClientMode()
                ? set(ClientTlsChannel.newBuilder(ciphertext, engine)).build()
                : set(ServerTlsChannel.newBuilder(ciphertext, (SSLContext) null).withEngineFactory(unused -> engine))
                        .build();
    }

    private static <T extends TlsChannelBuilder<T>> T set(TlsChannelBuilder<T> builder) {
        return builder.withRunTasks(false)
                .withEncryptedBufferAllocator(RecordBuffers.SHARED)
                .withPlainBufferAllocator(RecordBuffers.SHARED);
    }

    @Override
    public SocketChannel channel() {
        return ciphertext.socket();
    }

    /** The engine, for what was negotiated. */
    public SSLEngine engine() {
        return engine;
    }

    // ---- the handshake

    /**
     * Goes on with the handshake as far as that is possible without waiting; to be called until it is DONE.
     *
     * @throws IOException if the handshake has failed; the peer was sent the alert that says why
     */
    public Handshake handshake() throws IOException {
        try {
            if (handshakeDone) return ciphertext.flush() ? Handshake.DONE : Handshake.WRITE;
            return step();
        } catch (SSLException e) {
            sendAlert();
            throw e;
        }
    }

    private Handshake step() throws IOException {
        while (true) {
            if (!ciphertext.flush()) return Handshake.WRITE;
            try {
                tls.handshake();
                handshakeDone = true;
                return ciphertext.flush() ? Handshake.DONE : Handshake.WRITE;
            } catch (NeedsReadException e) {
                if (!ciphertext.flush()) return Handshake.WRITE;
                ciphertext.fill();
                if (!ciphertext.hasInput()) {
                    if (ciphertext.inputEnded())
                        throw new EOFException("the peer closed the connection during the TLS handshake");
                    return Handshake.READ;
                }
            } catch (NeedsWriteException e) {
                log.trace("the records of one flight fill the buffer of {}", this);
            } catch (NeedsTaskException e) {
                task = e.getTask();
                return Handshake.TASK;
            }
        }
    }

    /** What the engine wants to have computed before the handshake goes on. */
    public Runnable task() {
        Runnable due = task;
        if (due == null) throw new IllegalStateException("the handshake waits for no task");
        task = null;
        return due;
    }

    /** tls-channel does not: the peer would only see the end of the connection. */
    private void sendAlert() {
        try {
            ByteBuffer record =
                    RecordBuffers.SHARED.allocate(engine.getSession().getPacketBufferSize());
            while (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP) {
                SSLEngineResult result = engine.wrap(ByteBuffer.allocate(0), record.clear());
                ciphertext.write(record.flip());
                if (result.bytesProduced() == 0) break;
            }
            ciphertext.flush();
            RecordBuffers.SHARED.free(record);
        } catch (IOException e) {
            log.debug("{}: cannot send the TLS alert: {}", this, e.toString());
        }
    }

    // ---- bytes

    @Override
    public int read(ByteBuffer to) throws IOException {
        if (outputEnded) throw new ClosedChannelException();
        int before = to.position();
        ciphertext.fill();
        try {
            while (to.hasRemaining()) {
                int length = tls.read(to);
                if (length < 0) return to.position() > before ? to.position() - before : -1;
            }
            maybeInput = true;
        } catch (NeedsReadException e) {
            maybeInput = false;
        } catch (NeedsWriteException e) {
            maybeInput = ciphertext.hasInput(); // an answer of the engine waits for the socket: flush comes first
        } catch (NeedsTaskException e) {
            throw new SSLException("the peer asks for a new TLS handshake, which is not supported");
        }
        return to.position() - before;
    }

    @Override
    public boolean hasInput() {
        return maybeInput;
    }

    @Override
    public int write(ByteBuffer from) throws IOException {
        int start = from.position();
        int end = from.limit();
        try {
            while (from.position() < end && ciphertext.flush()) {
                from.limit(Math.min(end, from.position() + PIECE));
                tls.write(from);
            }
        } catch (NeedsWriteException e) {
            log.trace("{}: the engine's own records fill the buffer", this); // what was taken counts
        } finally {
            from.limit(end);
        }
        ciphertext.flush();
        return from.position() - start;
    }

    @Override
    public boolean flush() throws IOException {
        return ciphertext.flush();
    }

    // ---- the end

    @Override
    public boolean shutdownOutput() throws IOException {
        if (!ciphertext.flush()) return false;
        if (!outputEnded) {
            outputEnded = true;
            tls.shutdown(); // queues close_notify, and waits for nothing
        }
        if (!ciphertext.flush()) return false;
        channel().shutdownOutput();
        return true;
    }

    @Override
    public int discard(ByteBuffer scratch) throws IOException {
        return channel().read(scratch.clear());
    }

    @Override
    public void close() {
        Sockets.close(tls); // sends close_notify if there is room for it, and closes the socket with Ciphertext
        ciphertext.close();
    }

    @Override
    public String toString() {
        return "TLS over " + channel();
    }
}
