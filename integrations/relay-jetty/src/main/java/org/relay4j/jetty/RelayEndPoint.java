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
 * One visitor, as Jetty reads and writes it. What was not written when it is closed resets the visitor, and so does closing
 * it because of a failure: a reply that was cut off never looks complete.
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

    /** The stream, without waiting. */
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
     * Something that a stream tells when it is asked to. Whoever has asked may have lost interest meanwhile, because of a
     * timeout, and ask again: the stream, which takes one question at a time, is asked only when no answer is under way.
     */
    private abstract static class Notice implements Invocable.Task {
        private final AtomicBoolean armed = new AtomicBoolean();

        /** True when the stream is to be asked. */
        final boolean arm() {
            return armed.compareAndSet(false, true);
        }

        @Override
        public final void run() {
            armed.set(false); // before anybody is told, who may want to know more
            tell();
        }

        abstract void tell();
    }

    private final class Fillable extends Notice {
        @Override
        void tell() {
            getFillInterest().fillable();
        }

        @Override
        public InvocationType getInvocationType() {
            return getFillInterest().getCallbackInvocationType();
        }
    }

    private final class Flushable extends Notice {
        @Override
        void tell() {
            getWriteFlusher().completeWrite();
        }

        @Override
        public InvocationType getInvocationType() {
            return getWriteFlusher().getCallbackInvocationType();
        }
    }
}
