package org.relay4j.netty;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.FileRegion;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.relay4j.yamux.StreamChannel;

/**
 * The sending half of a channel. Bytes that the stream does not accept stay in the channel's outbound buffer, which makes the
 * channel unwritable, until the stream has room again. Confined to the event loop unless noted.
 */
final class Writing {
    private static final int MOST_BUFFERS = 256; // of one write
    private static final int MOST_BYTES = 256 * 1024; // of one write, to give other streams of the session a turn

    private final StreamChannel stream;
    private final Runnable onReady;

    private boolean unfinished; // flushed data is not sent
    private volatile boolean fired; // the stream has room, and that is not handled yet; written on any event loop
    private volatile boolean shut;

    /**
     * Creates the half.
     *
     * @param onReady run on the event loop when {@link #resume} should be called
     */
    Writing(StreamChannel stream, Runnable onReady) {
        this.stream = stream;
        this.onReady = onReady;
    }

    /** Converts a message to one that can be sent. */
    static Object accepted(Object message, ByteBufAllocator memory) {
        if (message instanceof FileRegion) return message;
        if (!(message instanceof ByteBuf bytes)) {
            throw new UnsupportedOperationException(
                    "neither ByteBuf nor FileRegion: " + message.getClass().getName());
        }
        if (bytes.nioBufferCount() > 0) return bytes;
        ByteBuf copy = memory.buffer(Math.max(1, bytes.readableBytes()));
        copy.writeBytes(bytes, bytes.readerIndex(), bytes.readableBytes());
        bytes.release();
        return copy;
    }

    /** Returns whether flushed data has not been sent. */
    boolean isUnfinished() {
        return unfinished;
    }

    /** Safe from any thread. */
    boolean isShut() {
        return shut;
    }

    /** Ends the output, with a reset if flushed data is not sent. */
    void shut() {
        shut = true;
        if (unfinished) stream.stream().reset();
        else stream.shutdownOutput();
    }

    /** Returns true if writing can continue. */
    boolean resume() {
        if (!fired) return false;
        fired = false;
        unfinished = false;
        return true;
    }

    /**
     * Sends flushed data, as much as the stream accepts.
     *
     * @param turns maximum number of writes, to give other channels of the event loop a turn
     * @return false if the stream would accept more; the caller must call {@link #resume} soon
     */
    boolean write(ChannelOutboundBuffer out, int turns) throws IOException {
        try {
            for (int turn = 0; turn < turns; turn++) {
                Object message = out.current();
                if (message == null) return true;
                boolean all = message instanceof FileRegion region ? write(out, region) : writeBuffers(out);
                if (!all) {
                    unfinished = true;
                    stream.whenWritable(this::ready);
                    return true;
                }
            }
        } catch (IOException e) {
            unfinished = true;
            throw e;
        }
        if (out.current() == null) return true;
        unfinished = true;
        fired = true;
        return false;
    }

    private void ready() {
        fired = true;
        onReady.run();
    }

    /** Returns false if the stream has not accepted everything. */
    private boolean writeBuffers(ChannelOutboundBuffer out) throws IOException {
        ByteBuffer[] buffers = out.nioBuffers(MOST_BUFFERS, MOST_BYTES);
        int count = out.nioBufferCount();
        if (count == 0) {
            out.remove(); // empty
            return true;
        }
        ByteBuffer first = buffers[0];
        if (first.remaining() > MOST_BYTES) return writePart(out, first);
        long length = out.nioBufferSize();
        long taken = stream.write(buffers, 0, count);
        out.removeBytes(taken);
        return taken == length;
    }

    /** Sends the beginning of a large buffer. */
    private boolean writePart(ChannelOutboundBuffer out, ByteBuffer large) throws IOException {
        int end = large.limit();
        large.limit(large.position() + MOST_BYTES);
        int taken;
        try {
            taken = stream.write(large);
        } finally {
            large.limit(end); // Netty keeps the buffer
        }
        out.removeBytes(taken);
        return taken == MOST_BYTES;
    }

    private boolean write(ChannelOutboundBuffer out, FileRegion region) throws IOException {
        if (region.transferred() < region.count()) {
            long taken = region.transferTo(stream, region.transferred());
            if (taken > 0) out.progress(taken);
        }
        if (region.transferred() < region.count()) return false;
        out.remove();
        return true;
    }
}
