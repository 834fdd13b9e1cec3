package org.relay4j.netty;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.relay4j.yamux.StreamChannel;

/**
 * The receiving half of a channel. Bytes are read from the stream only when the pipeline asks for them; the others stay there,
 * and the visitor gets no credit for more. Confined to the event loop unless noted.
 */
final class Reading {
    private final RelayChannel channel;
    private final StreamChannel stream;
    private final Runnable onReady = this::ready;

    private boolean wanted; // the pipeline has asked for more
    private boolean armed; // a callback of the stream, or a task, is pending
    private boolean busy; // within read()
    private boolean more; // the last read stopped to give other channels a turn
    private boolean ended; // no more bytes will arrive
    private volatile boolean fired; // the callback has run and is not handled yet; written on any event loop
    private volatile boolean shut;

    Reading(RelayChannel channel, StreamChannel stream) {
        this.channel = channel;
        this.stream = stream;
    }

    /** Handles the pipeline's request for more bytes. */
    void begin() {
        wanted = true;
        if (!busy) arm();
    }

    /** Stops reading until the next {@link #begin}. */
    void stop() {
        wanted = false;
    }

    /** Discards bytes that have arrived or will arrive. */
    void shut() {
        shut = true;
        stream.shutdownInput();
    }

    /** Safe from any thread. */
    boolean isShut() {
        return shut;
    }

    private void arm() {
        if (!wanted || armed || ended || !channel.isOpen()) return;
        armed = true;
        if (more) channel.eventLoop().execute(onReady);
        else stream.whenReadable(onReady);
        more = false;
    }

    private void ready() {
        fired = true;
        channel.ready();
    }

    /** Continues if the callback has run. */
    void resume() {
        if (!fired) return;
        fired = false;
        armed = false;
        if (wanted) read();
    }

    private void read() {
        ChannelPipeline pipeline = channel.pipeline();
        Throwable failure = null;
        boolean end = false;
        busy = true;
        try {
            end = readSome(pipeline);
        } catch (Exception | OutOfMemoryError e) { // of the stream, or of the allocator
            failure = e;
            ended = !(e instanceof RuntimeException);
        }
        ended |= end;
        channel.unsafe().recvBufAllocHandle().readComplete();
        pipeline.fireChannelReadComplete();
        busy = false;
        if (failure != null) fail(pipeline, failure);
        else if (end) end(pipeline);
        arm();
    }

    /** Returns true at the end of the stream. */
    private boolean readSome(ChannelPipeline pipeline) throws IOException {
        var handle = channel.unsafe().recvBufAllocHandle();
        handle.reset(channel.config());
        do {
            ByteBuf buffer = handle.allocate(channel.alloc());
            int length;
            try {
                length = fill(buffer);
            } catch (IOException | RuntimeException e) {
                buffer.release();
                throw e;
            }
            if (length <= 0) {
                buffer.release();
                return length < 0;
            }
            handle.incMessagesRead(1);
            more = !buffer.isWritable();
            wanted = false;
            pipeline.fireChannelRead(buffer);
        } while (channel.isOpen() && handle.continueReading());
        return false;
    }

    private int fill(ByteBuf buffer) throws IOException {
        var handle = channel.unsafe().recvBufAllocHandle();
        ByteBuffer room = buffer.internalNioBuffer(buffer.writerIndex(), buffer.writableBytes());
        handle.attemptedBytesRead(room.remaining());
        int length = stream.read(room);
        handle.lastBytesRead(length);
        if (length > 0) buffer.writerIndex(buffer.writerIndex() + length);
        return length;
    }

    private void end(ChannelPipeline pipeline) {
        if (!channel.isOpen()) return;
        if (!shut && !channel.options().allowsHalfClosure()) {
            close();
            return;
        }
        if (!shut) {
            shut();
            pipeline.fireUserEventTriggered(ChannelInputShutdownEvent.INSTANCE);
        }
        pipeline.fireUserEventTriggered(ChannelInputShutdownReadComplete.INSTANCE);
    }

    private void fail(ChannelPipeline pipeline, Throwable failure) {
        if (!channel.isOpen()) return; // closed by a handler
        pipeline.fireExceptionCaught(failure instanceof IOException e ? RelayChannel.asTcp(e) : failure);
        if (ended) close();
    }

    private void close() {
        channel.unsafe().close(channel.voidPromise());
    }
}
