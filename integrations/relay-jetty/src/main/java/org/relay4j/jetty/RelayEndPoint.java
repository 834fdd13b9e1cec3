package org.relay4j.jetty;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import org.eclipse.jetty.io.AbstractEndPoint;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.io.EofException;
import org.eclipse.jetty.util.BufferUtil;
import org.eclipse.jetty.util.thread.Invocable;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.Stream;
import org.relay4j.yamux.StreamChannel;

/**
 * One visitor, as Jetty reads and writes it. Closing it with pending writes, or because of a failure, resets the visitor, so
 * an incomplete reply never looks complete.
 */
final class RelayEndPoint extends AbstractEndPoint {
    private final RelayConnector connector;
    private final StreamChannel stream;
    private final InetSocketAddress local;
    private final InetSocketAddress remote;
    private final Notice fillable = new Fillable();
    private final Notice flushable = new Flushable();

    RelayEndPoint(
            RelayConnector connector,
            Stream visitor,
            Executor notices,
            InetSocketAddress local,
            InetSocketAddress remote) {
        super(connector.getScheduler());
        this.connector = connector;
        this.local = local;
        this.remote = remote;
        stream = visitor.channel(notices);
    }

    /** Returns the stream. Its methods do not block. */
    @Override
    public StreamChannel getTransport() {
        return stream;
    }

    @Override
    public InetSocketAddress getLocalSocketAddress() {
        return local;
    }

    @Override
    public InetSocketAddress getRemoteSocketAddress() {
        return remote;
    }

    // ---- reading

    @Override
    public int fill(ByteBuffer buffer) throws IOException {
        if (isInputShutdown()) return -1;
        int filled;
        int position = BufferUtil.flipToFill(buffer);
        try {
            filled = stream.read(buffer);
        } catch (IOException e) {
            throw new EofException(e);
        } finally {
            BufferUtil.flipToFlush(buffer, position);
        }
        if (filled > 0) notIdle();
        else if (filled < 0) shutdownInput();
        return filled;
    }

    @Override
    protected void needsFillInterest() {
        if (fillable.arm()) stream.whenReadable(fillable);
    }

    // ---- writing

    @Override
    public boolean flush(ByteBuffer... buffers) throws IOException {
        try {
            if (stream.write(buffers) > 0) notIdle();
        } catch (IOException e) {
            throw new EofException(e);
        }
        for (ByteBuffer buffer : buffers) {
            if (buffer.hasRemaining()) return false;
        }
        return true;
    }

    @Override
    protected void onIncompleteFlush() {
        if (flushable.arm()) stream.whenWritable(flushable);
    }

    // ---- ending

    @Override
    protected void doShutdownOutput() {
        stream.shutdownOutput();
    }

    @Override
    public void onClose(@Nullable Throwable failure) {
        if (failure != null || getWriteFlusher().isPending()) stream.stream().reset();
        else stream.close();
        super.onClose(failure);
        Connection connection = getConnection();
        if (connection != null) connection.onClose(failure);
        connector.closed(this);
    }

    /**
     * A one-time callback of the stream. After a timeout Jetty may register its interest again while the previous callback is
     * still pending. A stream accepts one callback at a time, so it is armed only if none is pending.
     */
    private abstract static class Notice implements Invocable.Task {
        private final AtomicBoolean armed = new AtomicBoolean();

        /** Returns true if the caller must register this notice with the stream. */
        final boolean arm() {
            return armed.compareAndSet(false, true);
        }

        @Override
        public final void run() {
            armed.set(false); // first: the callee may register again
            signal();
        }

        abstract void signal();
    }

    private final class Fillable extends Notice {
        @Override
        void signal() {
            getFillInterest().fillable();
        }

        @Override
        public InvocationType getInvocationType() {
            return getFillInterest().getCallbackInvocationType();
        }
    }

    private final class Flushable extends Notice {
        @Override
        void signal() {
            getWriteFlusher().completeWrite();
        }

        @Override
        public InvocationType getInvocationType() {
            return getWriteFlusher().getCallbackInvocationType();
        }
    }
}
