package org.relay4j.testing;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A scripted peer of a session. It sends given frames, and checks that exactly the expected frames arrive in order. It
 * reads only in an expectation, so a script without one is a peer that does not read. An expectation that is not met
 * within the deadline closes the channel and fails.
 *
 * <p>The channel must be blocking. Safe for use by one thread that expects and one that sends.
 */
public final class ScriptedPeer implements AutoCloseable {
    private static final ScheduledThreadPoolExecutor WATCH = watch();
    private static final int LARGEST_BODY = 64 << 20; // bytes

    private final ByteChannel channel;

    public ScriptedPeer(ByteChannel channel) {
        this.channel = channel;
    }

    // ---- sending

    /** Sends the frames in one write. */
    public void send(WireFrame... frames) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (WireFrame frame : frames) all.writeBytes(frame.bytes());
        send(all.toByteArray(), Integer.MAX_VALUE);
    }

    /** Sends bytes in writes of at most {@code most} bytes. */
    public void send(byte[] bytes, int most) throws IOException {
        try (Watched watched = new Watched("send " + bytes.length + " bytes")) {
            for (int at = 0; at < bytes.length; at += Math.min(most, bytes.length - at)) {
                ByteBuffer part = ByteBuffer.wrap(bytes, at, Math.min(most, bytes.length - at));
                while (part.hasRemaining()) channel.write(part);
            }
            watched.done();
        }
    }

    /** Closes the direction towards the session, if the channel supports it. */
    public void shutdownOutput() throws IOException {
        socket().shutdownOutput();
    }

    /** Ends the connection with a TCP reset. */
    public void reset() throws IOException {
        socket().setOption(StandardSocketOptions.SO_LINGER, 0);
        close();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    // ---- expecting

    /** Returns the next frame. */
    public WireFrame next() throws IOException {
        WireFrame frame = nextOrEnd();
        if (frame == null) throw new EOFException("expected a frame, but the session closed the connection");
        return frame;
    }

    /** Expects exactly these frames next. Pings may come between them at any time. */
    public void expect(WireFrame... frames) throws IOException {
        for (WireFrame expected : frames) {
            WireFrame frame = nextOrEnd();
            while (frame != null && frame.isPing() && !expected.isPing()) frame = nextOrEnd();
            if (!expected.equals(frame)) throw new AssertionError("expected " + expected + ", got " + frame);
        }
    }

    /** Expects data of this stream without flags, {@code length} bytes in all, and returns it. */
    public byte[] expectData(int id, int length) throws IOException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        while (all.size() < length) {
            WireFrame frame = next();
            if (frame.isPing()) continue;
            if (!frame.isData() || frame.id() != id || frame.flags() != 0 || frame.length() == 0) {
                throw new AssertionError(
                        "expected data of stream " + id + ", got " + frame + " after " + all.size() + " bytes");
            }
            all.writeBytes(frame.body());
        }
        if (all.size() > length) throw new AssertionError("expected " + length + " bytes, got " + all.size());
        return all.toByteArray();
    }

    /**
     * Sends a ping and expects the pong as the next frame. It shows that the session has processed everything sent
     * before without sending a frame.
     */
    public void expectNothing() throws IOException {
        send(WireFrame.ping(WireFrame.SYN, 0x5EED));
        expect(WireFrame.ping(WireFrame.ACK, 0x5EED));
    }

    /**
     * Does the same as {@link #expectNothing}, but skips frames before the pong; returns their credit for stream {@code
     * id}.
     */
    public long skipAll(int id) throws IOException {
        WireFrame pong = WireFrame.ping(WireFrame.ACK, 0x5EED);
        send(WireFrame.ping(WireFrame.SYN, 0x5EED));
        long credit = 0;
        for (WireFrame frame = next(); !pong.equals(frame); frame = next()) {
            if (frame.isWindowUpdate() && frame.id() == id) credit += frame.length();
        }
        return credit;
    }

    /** Expects a graceful end of the connection, with no frame before it. */
    public void expectEnd() throws IOException {
        WireFrame frame = nextOrEnd();
        if (frame != null) throw new AssertionError("expected the end, got " + frame);
    }

    /** Expects the end of the connection in any way, after any frames. */
    public void expectGone() {
        try {
            while (nextOrEnd() != null) {}
        } catch (IOException e) {
            // The connection was reset.
        }
    }

    private @Nullable WireFrame nextOrEnd() throws IOException {
        try (Watched watched = new Watched("receive a frame")) {
            byte[] header = new byte[12];
            int got = read(header);
            if (got == 0) {
                watched.done();
                return null;
            }
            if (got < header.length) throw new EOFException("the connection ended within a header");
            int length = header[1] == 0 ? ByteBuffer.wrap(header).getInt(8) : 0;
            if (length < 0 || length > LARGEST_BODY)
                throw new AssertionError("not a frame: " + Arrays.toString(header));
            byte[] body = new byte[length];
            if (read(body) < length) throw new EOFException("the connection ended within a body");
            watched.done();
            return WireFrame.read(header, body);
        }
    }

    private int read(byte[] to) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(to);
        while (buffer.hasRemaining() && channel.read(buffer) >= 0) {}
        return buffer.position();
    }

    private SocketChannel socket() {
        if (channel instanceof SocketChannel socket) return socket;
        if (channel instanceof PlainChannel plain) return plain.socket();
        throw new IllegalStateException("no socket: " + channel);
    }

    private static ScheduledThreadPoolExecutor watch() {
        ScheduledThreadPoolExecutor watch = new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "test-watch");
            thread.setDaemon(true);
            return thread;
        });
        watch.setRemoveOnCancelPolicy(true);
        return watch;
    }

    /** A watchdog that closes the channel if an operation takes too long, which makes the operation return. */
    private final class Watched implements AutoCloseable {
        private final String operation;
        private final ScheduledFuture<?> closing;
        private volatile boolean late;
        private boolean done;

        Watched(String operation) {
            this.operation = operation;
            closing = WATCH.schedule(this::tooLate, Await.DEADLINE.toNanos(), TimeUnit.NANOSECONDS);
        }

        void done() {
            done = true;
        }

        private void tooLate() {
            late = true;
            try {
                channel.close();
            } catch (IOException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public void close() {
            closing.cancel(false);
            if (late && !done) throw new AssertionError("too late to " + operation);
        }
    }
}
