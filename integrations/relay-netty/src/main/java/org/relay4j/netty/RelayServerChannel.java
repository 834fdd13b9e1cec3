package org.relay4j.netty;

import io.netty.channel.AbstractServerChannel;
import io.netty.channel.ChannelConfig;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.ServerChannelRecvByteBufAllocator;
import io.netty.util.concurrent.SingleThreadEventExecutor;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.util.ArrayDeque;
import java.util.Objects;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import org.relay4j.client.RelayAcceptor;
import org.relay4j.yamux.Stream;

/**
 * A Netty server channel that listens on a public port of a relay server. Each visitor becomes a {@link RelayChannel}.
 *
 * <pre>{@code
 * RelayAcceptor acceptor = RelayClient.connect("relay.example.com", 7000);
 * new ServerBootstrap()
 *         .group(boss, workers)
 *         .channelFactory(() -> new RelayServerChannel(acceptor))
 *         .childHandler(...)
 *         .bind(acceptor.publicAddress());
 * }</pre>
 *
 * <p>Every kind of event loop works, because the channel needs no selector: those of a {@code MultiThreadIoEventLoopGroup} with
 * any {@code IoHandler}, and {@code DefaultEventLoop}s. Visitors are accepted from {@code bind} on. The address given to {@code
 * bind} is ignored, because the acceptor already has its public address.
 *
 * <p>When the tunnel is lost and re-established, the channel continues, and {@link #localAddress} may change. When the tunnel is
 * lost for good, {@code exceptionCaught} is fired and the channel is closed.
 *
 * <p>Closing the channel closes the acceptor. As with TCP, the channels of connected visitors stay; the connection to the relay
 * server ends with the last of them.
 */
public final class RelayServerChannel extends AbstractServerChannel {

    private enum State {
        NEW,
        BOUND,
        CLOSED
    }

    private final RelayAcceptor acceptor;
    private final Accepting accepting;
    private final ChannelConfig config =
            new RelayChannelConfig(this, new ServerChannelRecvByteBufAllocator(), this::readCleared);
    private final Runnable closing = this::closeWithLoop;
    private final Runnable reading = this::readArrived;

    private final Queue<Stream> arrived =
            new ArrayDeque<>(); // accepted, not read by the pipeline; confined to the event loop
    private boolean readPending; // the pipeline wants more; confined to the event loop
    private volatile State state = State.NEW; // written by the event loop

    /**
     * Creates a channel that is not bound yet.
     *
     * @param acceptor the source of the visitors; the channel owns it from now on, and closes it
     */
    public RelayServerChannel(RelayAcceptor acceptor) {
        this.acceptor = Objects.requireNonNull(acceptor, "acceptor");
        accepting = new Accepting(acceptor, this);
    }

    /** Returns the acceptor. */
    public RelayAcceptor acceptor() {
        return acceptor;
    }

    /** Returns the public address of the current tunnel. */
    @Override
    public InetSocketAddress localAddress() {
        return acceptor.publicAddress();
    }

    @Override
    protected SocketAddress localAddress0() {
        return acceptor.publicAddress();
    }

    @Override
    public ChannelConfig config() {
        return config;
    }

    @Override
    public boolean isOpen() {
        return state != State.CLOSED;
    }

    @Override
    public boolean isActive() {
        return state == State.BOUND;
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
    }

    @Override
    protected void doDeregister() {
        ((SingleThreadEventExecutor) eventLoop()).removeShutdownHook(closing);
    }

    @Override
    protected void doBind(@Nullable SocketAddress address) throws IOException {
        acceptor.bind(address); // fails if the acceptor is closed
        state = State.BOUND;
        accepting.start();
    }

    @Override
    protected void doBeginRead() {
        if (readPending || !isActive()) return;
        readPending = true;
        if (!arrived.isEmpty()) eventLoop().execute(reading);
    }

    @Override
    protected void doClose() throws IOException {
        state = State.CLOSED;
        accepting.stop();
        acceptor.close();
        for (Stream stream; (stream = arrived.poll()) != null; ) stream.reset();
    }

    private void readCleared() {
        readPending = false;
    }

    // ---- called by the accepting thread, on the event loop

    void arrived(Stream stream) {
        if (!isOpen()) {
            stream.reset();
            return;
        }
        arrived.add(stream);
        readArrived();
    }

    /** Called when no more visitors will arrive. */
    void failed(IOException failure) {
        if (!isOpen()) return;
        if (!acceptor.isClosed()) pipeline().fireExceptionCaught(failure);
        unsafe().close(voidPromise());
    }

    private void readArrived() {
        if (!readPending || arrived.isEmpty()) return;
        readPending = false;
        var handle = unsafe().recvBufAllocHandle();
        handle.reset(config);
        do {
            Stream next = arrived.poll();
            if (next == null) break;
            accepting.taken();
            handle.incMessagesRead(1);
            pipeline()
                    .fireChannelRead(
                            new RelayChannel(this, next, acceptor.publicAddress(), RelayAcceptor.visitorAddress(next)));
        } while (isOpen() && handle.continueReading());
        handle.readComplete();
        pipeline().fireChannelReadComplete();
    }
}
