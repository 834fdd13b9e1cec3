package org.relay4j.benchmarks.load;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;

/** One connection at the backend. */
final class BackendConnection {
    private static final int READS_PER_PASS = 4;
    private static final int WRITES_PER_PASS = 4;
    static final int REPORT = 2 * Long.BYTES; // the count, and the time of this process
    private static final long REPORT_NANOS = 20_000_000;
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final SocketChannel channel;
    private final Pattern pattern;
    private Mode mode = Mode.ECHO;
    private boolean modeKnown;
    private final Opening.Skip opening = new Opening.Skip();
    private boolean ended; // the peer has closed its direction
    private long count; // bytes received by a sink, or sent by a source
    private long lastReport; // nanoTime
    private ByteBuffer pending = NOTHING; // unsent rest of the last echo or report

    BackendConnection(SocketChannel channel, Pattern pattern) {
        this.channel = channel;
        this.pattern = pattern;
    }

    void ready(SelectionKey key, ByteBuffer buffer) throws IOException {
        if (key.isReadable()) {
            for (int i = 0; i < READS_PER_PASS && read(buffer); i++) {
                // The condition does the work.
            }
            report();
        }
        if (pending.hasRemaining()) {
            channel.write(pending);
        }
        if (modeKnown && mode.isSource()) {
            send();
        }
        if (ended && !pending.hasRemaining()) {
            channel.close();
        } else {
            want(key, interest());
        }
    }

    /** Reads the available input; returns whether there may be more. */
    private boolean read(ByteBuffer buffer) throws IOException {
        if (pending.hasRemaining()) {
            return false;
        }
        int n = channel.read(buffer.clear());
        ended |= n < 0;
        if (n <= 0) {
            return false;
        }
        buffer.flip();
        if (!modeKnown && opening.isOver(buffer)) {
            mode = modeOf(buffer.get());
            modeKnown = true;
        }
        if (modeKnown) {
            take(buffer);
        }
        return n == buffer.capacity();
    }

    private static Mode modeOf(byte letter) throws IOException {
        try {
            return Mode.of(letter);
        } catch (IllegalArgumentException unknown) {
            throw new IOException("no such mode", unknown);
        }
    }

    private void take(ByteBuffer data) throws IOException {
        switch (mode) {
            case ECHO -> write(data);
            case SINK -> count += data.remaining();
            case CHECKED_SINK -> {
                if (!pattern.matches(data, count)) {
                    System.err.println("wrong bytes after " + count);
                    throw new IOException("wrong bytes");
                }
                count += data.remaining();
            }
            case SOURCE, SHORT_SOURCE -> {} // a source does not listen
        }
    }

    /** Reports the received count, at a limited rate so that reports add no significant load. */
    private void report() throws IOException {
        boolean sink = modeKnown && (mode == Mode.SINK || mode == Mode.CHECKED_SINK);
        long now = System.nanoTime();
        if (sink && !pending.hasRemaining() && (ended || now - lastReport >= REPORT_NANOS)) {
            lastReport = now;
            write(ByteBuffer.allocate(REPORT).putLong(count).putLong(now).flip());
        }
    }

    private void write(ByteBuffer data) throws IOException {
        channel.write(data);
        if (data.hasRemaining()) {
            pending = ByteBuffer.allocate(data.remaining()).put(data).flip();
        }
    }

    private void send() throws IOException {
        for (int i = 0; i < WRITES_PER_PASS && !sentAll(); i++) {
            ByteBuffer data = pattern.from(count);
            if (mode == Mode.SHORT_SOURCE) {
                data.limit((int) Math.min(data.limit(), data.position() + Mode.SHORT - count));
            }
            count += channel.write(data);
            if (data.hasRemaining()) {
                return;
            }
        }
    }

    private boolean sentAll() {
        return mode == Mode.SHORT_SOURCE && count >= Mode.SHORT;
    }

    private int interest() {
        if (modeKnown && mode.isSource() && !sentAll()) {
            return SelectionKey.OP_READ | SelectionKey.OP_WRITE;
        }
        return pending.hasRemaining() ? SelectionKey.OP_WRITE : SelectionKey.OP_READ;
    }

    /** Changes the interest set only if it differs, because every change is a system call. */
    private static void want(SelectionKey key, int operations) {
        if (key.interestOps() != operations) {
            key.interestOps(operations);
        }
    }

    void close() {
        Sockets.close(channel);
    }
}
