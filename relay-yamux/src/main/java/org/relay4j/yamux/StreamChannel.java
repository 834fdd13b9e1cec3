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
 * A stream that is read and written without waiting, as a {@link java.nio.channels.SocketChannel} in non-blocking mode is: for
 * servers that have an event loop of their own. In place of a selector it tells, once each time it is asked to, when reading or
 * writing is worth trying again.
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
 * <p>Safe for use by several threads, and beside the blocking streams of the same stream. No method blocks.
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

    /** The stream that is read and written. */
    public Stream stream() {
        return stream;
    }

    /**
     * Reads what has arrived and fits.
     *
     * @return the number of bytes, 0 when none are there (or none fit), -1 when the peer has sent FIN and all before it was read
     * @throws StreamResetException when the stream was reset
     * @throws SessionException when the session has ended
     * @throws ClosedChannelException when the stream was closed here
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
     * Takes what may be sent now.
     *
     * @return the number of bytes taken; fewer than there are when the peer's window or the session's output is used up
     * @throws IOException as {@link #read}
     */
    @Override
    public int write(ByteBuffer from) throws IOException {
        try {
            return output.writeNow(from);
        } catch (StreamException e) {
            throw asChannel(e);
        }
    }

    /** The failure of a channel that was closed here has a name of its own. */
    private IOException asChannel(StreamException failure) {
        if (failure instanceof StreamResetException || stream.isOpen()) return failure;
        return (IOException) new ClosedChannelException().initCause(failure);
    }

    /** As {@link #write(ByteBuffer)}, one buffer after the other. */
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
     * Runs {@code action} on the executor, once, as soon as {@link #read} would not return 0: bytes, the end, or a failure.
     *
     * @throws IllegalStateException when another action waits already
     */
    public void whenReadable(Runnable action) {
        input.whenReadable(new Notice(action));
    }

    /**
     * Runs {@code action} on the executor, once, as soon as {@link #write} would take a byte or fail.
     *
     * @throws IllegalStateException when another action waits already
     */
    public void whenWritable(Runnable action) {
        output.whenWritable(new Notice(action));
    }

    /** As {@link Stream#shutdownInput}. */
    public void shutdownInput() {
        stream.shutdownInput();
    }

    /** As {@link Stream#shutdownOutput}. */
    public void shutdownOutput() {
        stream.shutdownOutput();
    }

    @Override
    public boolean isOpen() {
        return stream.isOpen();
    }

    /** As {@link Stream#close}. */
    @Override
    public void close() {
        stream.close();
    }

    @Override
    public String toString() {
        return "channel of " + stream;
    }

    /** Hands an action to the executor: not with the lock held, since the executor is somebody else's code. */
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
                log.warn("{}: reset, its executor takes no more tasks: {}", stream, e.getMessage());
                stream.reset(); // nobody would ever look at it again
            }
        }
    }
}
