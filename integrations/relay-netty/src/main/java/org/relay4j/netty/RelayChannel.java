package org.relay4j.netty;

import io.netty.buffer.ByteBuf;
import io.netty.channel.AbstractChannel;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelMetadata;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.FileRegion;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.concurrent.PromiseNotifier;
import io.netty.util.concurrent.SingleThreadEventExecutor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketException;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.Executor;
import org.relay4j.yamux.SessionException;
import org.relay4j.yamux.Stream;
import org.relay4j.yamux.StreamChannel;
import org.relay4j.yamux.StreamResetException;

/**
 * A Netty channel to one visitor of a public port. It accepts every kind of {@link ByteBuf}, and {@link FileRegion}s. It behaves
 * like a {@code NioSocketChannel}, with these differences:
 *
 * <ul>
 *   <li>If the visitor resets the connection or the tunnel is lost, {@code exceptionCaught} ("Connection reset") is fired. Then
 *       the channel is closed, even if half-closure is allowed.
 *   <li>If the channel is closed, or its output is shut down, before all flushed data was sent, the visitor is reset. So an
 *       incomplete reply never looks complete.
 *   <li>The visitor's address is unspecified (0.0.0.0, port 0), because the base protocol does not carry it.
 * </ul>
 *
 * <p>{@code ALLOW_HALF_CLOSURE} and an {@code SO_LINGER} of zero (closing resets the visitor) have an effect. Other TCP options
 * can be set and read, without an effect.
 */
public final class RelayChannel extends AbstractChannel implements DuplexChannel {
    private static final ChannelMetadata METADATA = new ChannelMetadata(false, 16); // messages a read, as with NIO

    private final InetSocketAddress local;
    private final InetSocketAddress remote;
    private final RelayChannelConfig config;
    private final StreamChannel stream;
    private final Reading reading;
    private final Writing writing;
    private final Runnable closing = this::closeWithLoop;
    private final Runnable resuming = this::resume;

    private volatile boolean closed; // written by the event loop

    RelayChannel(RelayServerChannel parent, Stream stream, InetSocketAddress local, InetSocketAddress remote) {
        super(parent);
        this.local = local;
        this.remote = remote;
        this.stream = stream.channel(new Notices());
        reading = new Reading(this, this.stream);
        writing = new Writing(this.stream, this::ready);
        config = new RelayChannelConfig(this, new AdaptiveRecvByteBufAllocator(), reading::stop);
    }

    // ---- properties

    /** Returns the server channel that accepted this channel. */
    @Override
    public RelayServerChannel parent() {
        return (RelayServerChannel) super.parent();
    }

    /** Returns the public address at the time when the visitor connected. */
    @Override
    public InetSocketAddress localAddress() {
        return local;
    }

    /** Returns the address of the visitor; 0.0.0.0, port 0 without the option {@code visitorAddresses}. */
    @Override
    public InetSocketAddress remoteAddress() {
        return remote;
    }

    @Override
    protected SocketAddress localAddress0() {
        return local;
    }

    @Override
    protected SocketAddress remoteAddress0() {
        return remote;
    }

    @Override
    public ChannelConfig config() {
        return config;
    }

    RelayChannelConfig options() {
        return config;
    }

    @Override
    public ChannelMetadata metadata() {
        return METADATA;
    }

    @Override
    public boolean isOpen() {
        return !closed;
    }

    @Override
    public boolean isActive() {
        return !closed;
    }

    // ---- ending one direction

    @Override
    public boolean isInputShutdown() {
        return closed || reading.isShut();
    }

    @Override
    public boolean isOutputShutdown() {
        return closed || writing.isShut();
    }

    @Override
    public boolean isShutdown() {
        return isInputShutdown() && isOutputShutdown();
    }

    /** Discards the bytes that the visitor has sent or will send. The visitor is not notified. */
    @Override
    public ChannelFuture shutdownInput() {
        return shutdownInput(newPromise());
    }

    @Override
    public ChannelFuture shutdownInput(ChannelPromise promise) {
        onLoop(() -> {
            if (closed) promise.tryFailure(new ClosedChannelException());
            else {
                reading.shut();
                promise.trySuccess();
            }
        });
        return promise;
    }

    /** Ends this direction: the visitor reads everything that was written, then the end. It may continue to send. */
    @Override
    public ChannelFuture shutdownOutput() {
        return shutdownOutput(newPromise());
    }

    @Override
    public ChannelFuture shutdownOutput(ChannelPromise promise) {
        onLoop(() -> ((RelayUnsafe) unsafe()).shutdownOutput(promise));
        return promise;
    }

    @Override
    public ChannelFuture shutdown() {
        return shutdown(newPromise());
    }

    @Override
    public ChannelFuture shutdown(ChannelPromise promise) {
        shutdownOutput().addListener(output -> {
            ChannelFuture input = shutdownInput();
            if (output.isSuccess()) input.addListener(new PromiseNotifier<Void, ChannelFuture>(false, promise));
            else promise.tryFailure(output.cause());
        });
        return promise;
    }

    private void onLoop(Runnable action) {
        if (eventLoop().inEventLoop()) action.run();
        else eventLoop().execute(action);
    }

    // ---- called by Netty on the event loop

    @Override
    protected boolean isCompatible(EventLoop loop) {
        return loop instanceof SingleThreadEventExecutor;
    }

    private void closeWithLoop() {
        unsafe().close(voidPromise());
    }

    @Override
    protected void doRegister(ChannelPromise promise) {
        ((SingleThreadEventExecutor) eventLoop()).addShutdownHook(closing);
        promise.setSuccess();
        eventLoop().execute(resuming); // in case it was registered with another event loop before
    }

    @Override
    protected void doDeregister() {
        ((SingleThreadEventExecutor) eventLoop()).removeShutdownHook(closing);
    }

    @Override
    protected void doBind(SocketAddress address) {
        throw new UnsupportedOperationException("a visitor's channel is connected from the start");
    }

    @Override
    protected void doDisconnect() {
        doClose();
    }

    @Override
    protected void doBeginRead() {
        reading.begin();
    }

    @Override
    protected Object filterOutboundMessage(Object message) {
        return Writing.accepted(message, alloc());
    }

    @Override
    protected void doWrite(ChannelOutboundBuffer out) throws IOException {
        try {
            if (!writing.write(out, config.getWriteSpinCount())) eventLoop().execute(resuming);
        } catch (IOException e) {
            throw asTcp(e);
        }
    }

    @Override
    protected void doShutdownOutput() {
        writing.shut();
    }

    @Override
    protected void doClose() {
        if (closed) return;
        closed = true;
        if (config.closesWithReset() || writing.isUnfinished()) stream.stream().reset();
        else stream.close();
    }

    @Override
    protected AbstractUnsafe newUnsafe() {
        return new RelayUnsafe();
    }

    // ---- callbacks of the stream

    /** Called when the stream can be read or written, on this event loop or on one that the channel has left. */
    void ready() {
        if (isRegistered()) onLoop(resuming); // else doRegister looks again
    }

    private void resume() {
        if (!isRegistered() || closed) return;
        reading.resume();
        if (writing.resume()) ((RelayUnsafe) unsafe()).flushOn();
    }

    /** Converts a failure to the one that a TCP connection reports. */
    static IOException asTcp(IOException e) {
        if (!(e instanceof StreamResetException) && !(e instanceof SessionException)) return e;
        return (IOException) new SocketException("Connection reset").initCause(e);
    }

    /** Runs the callbacks of the stream on the channel's current event loop. */
    private final class Notices implements Executor {
        @Override
        public void execute(Runnable notice) {
            if (!closed) eventLoop().execute(notice); // a closed channel needs no notice, and its loop may have ended
        }
    }

    private final class RelayUnsafe extends AbstractUnsafe {
        @Override
        public void connect(SocketAddress remoteAddress, SocketAddress localAddress, ChannelPromise promise) {
            safeSetFailure(
                    promise, new UnsupportedOperationException("a visitor's channel is connected from the start"));
        }

        @Override
        protected void flush0() {
            if (!writing.isUnfinished()) super.flush0(); // otherwise it continues when the stream has room
        }

        void flushOn() {
            super.flush0();
        }
    }
}
