package org.relay4j.yamux;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.GatheringByteChannel;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.relay4j.yamux.io.Driver;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A non-blocking channel over a stream, like a {@link java.nio.channels.SocketChannel} in non-blocking mode, for servers with an
 * event loop of their own. One-shot callbacks take the place of a selector: they run when the channel becomes readable or
 * writable.
 *
 * <pre>{@code
 * StreamChannel channel = stream.channel(eventLoop);
 * channel.whenReadable(() -> { // runs on eventLoop, once
 *     try {
 *         int length = channel.read(buffer); // 0: nothing now, -1: the end
 *     } catch (IOException e) {
 *         channel.close();
 *     }
 * });
 * }</pre>
 *
 * <p>Safe for use by several threads, also together with the blocking input and output of the same stream. No method blocks.
 */
public final class StreamChannel implements ByteChannel, GatheringByteChannel {
    private static final Logger log = LoggerFactory.getLogger(StreamChannel.class);

    private final Stream stream;
    private final StreamInput input;
    private final StreamOutput output;
    private final Driver driver;
    private final Executor executor;

    StreamChannel(Stream stream, StreamInput input, StreamOutput output, Driver driver, Executor executor) {
        this.stream = stream;
        this.input = input;
        this.output = output;
        this.driver = driver;
        this.executor = executor;
    }

    /** Returns the stream of this channel. */
    public Stream stream() {
        return stream;
    }

    /**
     * Reads the available bytes, as many as fit into the buffer.
     *
     * @return the number of bytes read; 0 if none are available or the buffer is full; -1 if the peer has sent FIN and all data
     *     before it was read
     * @throws StreamResetException if the stream was reset
     * @throws SessionException if the session has ended
     * @throws ClosedChannelException if this end has closed the stream
     */
    @Override
    public int read(ByteBuffer to) throws IOException {
        try {
            return input.readNow(to);
        } catch (StreamException e) {
            throw asChannel(e);
        }
    }

    /**
     * Writes as many bytes as can be sent now.
     *
     * @return the number of bytes written; fewer than remaining if the peer's window or the session's output is full
     * @throws IOException under the same conditions as {@link #read}
     */
    @Override
    public int write(ByteBuffer from) throws IOException {
        try {
            return output.writeNow(from);
        } catch (StreamException e) {
            throw asChannel(e);
        }
    }

    /** Converts the failure of a stream that this end has closed to a {@link ClosedChannelException}. */
    private IOException asChannel(StreamException failure) {
        if (failure instanceof StreamResetException || stream.isOpen()) return failure;
        return (IOException) new ClosedChannelException().initCause(failure);
    }

    /** Writes one buffer after the other, see {@link #write(ByteBuffer)}. */
    @Override
    public long write(ByteBuffer[] from, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, from.length);
        long taken = 0;
        for (int n = offset; n < offset + length; n++) {
            taken += write(from[n]);
            if (from[n].hasRemaining()) break;
        }
        return taken;
    }

    @Override
    public long write(ByteBuffer[] from) throws IOException {
        return write(from, 0, from.length);
    }

    /**
     * Runs {@code action} on the executor, once, as soon as bytes are available or {@link #read} would return -1 or fail.
     *
     * @throws IllegalStateException if another action is already waiting
     */
    public void whenReadable(Runnable action) {
        input.whenReadable(new Notice(action));
    }

    /**
     * Runs {@code action} on the executor, once, as soon as {@link #write} can write at least one byte or would fail.
     *
     * @throws IllegalStateException if another action is already waiting
     */
    public void whenWritable(Runnable action) {
        output.whenWritable(new Notice(action));
    }

    /** Shuts down the input, see {@link Stream#shutdownInput}. */
    public void shutdownInput() {
        stream.shutdownInput();
    }

    /** Shuts down the output, see {@link Stream#shutdownOutput}. */
    public void shutdownOutput() {
        stream.shutdownOutput();
    }

    @Override
    public boolean isOpen() {
        return stream.isOpen();
    }

    /** Closes the stream, see {@link Stream#close}. */
    @Override
    public void close() {
        stream.close();
    }

    @Override
    public String toString() {
        return "channel of " + stream;
    }

    /** Passes an action to the executor. Never with the lock held, because the executor is user code. */
    private final class Notice implements Runnable {
        private final Runnable action;

        Notice(Runnable action) {
            this.action = Objects.requireNonNull(action, "action");
        }

        @Override
        public void run() {
            driver.afterwards(this::handOver);
        }

        private void handOver() {
            try {
                executor.execute(action);
            } catch (RejectedExecutionException e) {
                log.warn("{}: reset because its executor rejected a task: {}", stream, e.getMessage());
                stream.reset(); // its action would never run
            }
        }
    }
}
