package org.relay4j.benchmarks.splice;

import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;

/**
 * One of two joined connections. It writes its input to the other end immediately. Bytes that do not fit into the other
 * end's socket stay pending there, and this end is not read until then.
 */
final class End {
    private static final ByteBuffer NOTHING = ByteBuffer.allocate(0);

    private final SocketChannel channel;
    private final SelectionKey key;
    private final Buffers buffers;
    private End other = this; // until joined
    private ByteBuffer waiting = NOTHING; // for this end's socket
    private boolean inputEnded;
    private boolean outputEnded;

    End(SocketChannel channel, Selector selector, Buffers buffers) throws IOException {
        this.channel = channel;
        this.buffers = buffers;
        key = channel.register(selector, 0, this);
    }

    void join(End far) {
        other = far;
        far.other = this;
    }

    void connecting() {
        key.interestOps(SelectionKey.OP_CONNECT);
    }

    void connected() {
        key.interestOps(SelectionKey.OP_READ);
        other.key.interestOps(SelectionKey.OP_READ);
    }

    void ready() throws IOException {
        if (key.isConnectable()) {
            channel.finishConnect();
            connected();
            return;
        }
        if (key.isWritable()) {
            flush();
        }
        if (key.isValid() && key.isReadable()) {
            transfer();
        }
    }

    private void transfer() throws IOException {
        ByteBuffer data = buffers.transfer.clear();
        if (channel.read(data) < 0) {
            inputEnded = true;
            stop(SelectionKey.OP_READ);
            other.endOutput();
            return;
        }
        other.channel.write(data.flip());
        if (data.hasRemaining()) {
            other.waiting = buffers.keepRest();
            other.start(SelectionKey.OP_WRITE);
            stop(SelectionKey.OP_READ);
        }
    }

    private void flush() throws IOException {
        channel.write(waiting);
        if (waiting.hasRemaining()) {
            return;
        }
        buffers.release(waiting);
        waiting = NOTHING;
        stop(SelectionKey.OP_WRITE);
        other.start(SelectionKey.OP_READ);
    }

    /**
     * Passes on the end of the other side's input and continues to read. Nothing is pending, because otherwise that
     * side would not be read.
     */
    private void endOutput() throws IOException {
        outputEnded = true;
        channel.shutdownOutput();
        if (inputEnded && other.outputEnded) {
            channel.close();
            other.channel.close();
        }
    }

    /** Resets both connections: a truncated transfer must not look complete. */
    void abortBoth() {
        abort();
        other.abort();
    }

    private void abort() {
        if (waiting.hasRemaining()) {
            buffers.release(waiting);
            waiting = NOTHING;
        }
        try {
            if (channel.isOpen()) {
                channel.setOption(StandardSocketOptions.SO_LINGER, 0);
                channel.close();
            }
        } catch (IOException alreadyBroken) {
            // There is nothing left to close.
        }
    }

    private void start(int operation) {
        key.interestOpsOr(operation);
    }

    private void stop(int operation) {
        key.interestOpsAnd(~operation);
    }
}
