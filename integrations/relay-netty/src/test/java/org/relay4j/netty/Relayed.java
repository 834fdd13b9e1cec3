package org.relay4j.netty;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import java.io.IOException;
import java.net.Socket;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.relay4j.client.RelayAcceptor;
import org.relay4j.client.RelayClient;
import org.relay4j.client.RelayClientOptions;
import org.relay4j.server.RelayServer;
import org.relay4j.server.RelayServerOptions;
import org.relay4j.testing.Await;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.Visitor;

/** A Netty server behind a relay server. When it is closed, every buffer that its channels took must have been returned. */
final class Relayed implements AutoCloseable {
    final RelayServer relay;
    final RelayAcceptor acceptor;
    final EventLoopGroup group;
    final UnpooledByteBufAllocator memory = new UnpooledByteBufAllocator(true);
    final RelayServerChannel server;
    final BlockingQueue<Channel> channels =
            new LinkedBlockingQueue<>(); // of the visitors, in the order in which they came
    final BlockingQueue<Throwable> serverFailures = new LinkedBlockingQueue<>();

    /** The defaults, on NIO loops. */
    static Relayed with(Supplier<ChannelHandler> handlers) throws Exception {
        return new Relayed(Loops.NIO, RelayClientOptions.defaults(), handlers, options -> {});
    }

    /** With more options of the bootstrap. */
    static Relayed with(Supplier<ChannelHandler> handlers, Consumer<ServerBootstrap> options) throws Exception {
        return new Relayed(Loops.NIO, RelayClientOptions.defaults(), handlers, options);
    }

    Relayed(
            Loops loops,
            RelayClientOptions client,
            Supplier<ChannelHandler> handlers,
            Consumer<ServerBootstrap> options)
            throws Exception {
        this(loops.open(), client, handlers, options);
    }

    Relayed(
            EventLoopGroup group,
            RelayClientOptions client,
            Supplier<ChannelHandler> handlers,
            Consumer<ServerBootstrap> options)
            throws Exception {
        relay = RelayServer.start(RelayServerOptions.builder()
                .port(FixedPort.free())
                .extended(client.visitorAddresses())
                .build());
        acceptor = RelayClient.connect("localhost", relay.port(), client);
        this.group = group;
        ServerBootstrap bootstrap = new ServerBootstrap()
                .group(group)
                .channelFactory(() -> new RelayServerChannel(acceptor))
                .childOption(ChannelOption.ALLOCATOR, memory)
                .handler(new ChannelInboundHandlerAdapter() {
                    @Override
                    public void exceptionCaught(io.netty.channel.ChannelHandlerContext context, Throwable failure) {
                        serverFailures.add(failure);
                    }
                })
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(handlers.get());
                        channels.add(channel);
                    }
                });
        options.accept(bootstrap);
        server = (RelayServerChannel)
                bootstrap.bind(acceptor.publicAddress()).sync().channel();
    }

    Socket visit() throws IOException {
        return Visitor.connect(acceptor.publicAddress().getPort());
    }

    /** The channel of the next visitor. */
    RelayChannel accepted() throws InterruptedException {
        Channel channel = channels.poll(Await.DEADLINE.toNanos(), TimeUnit.NANOSECONDS);
        if (channel == null) throw new AssertionError("no visitor was accepted");
        return (RelayChannel) channel;
    }

    /** Runs something on the event loop of a channel, and waits for it. */
    static void on(Channel channel, Runnable action) throws Exception {
        channel.eventLoop().submit(action).get(Await.DEADLINE.toSeconds(), TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        try (relay) {
            if (!group.isShutdown()) server.close().syncUninterruptibly();
            group.shutdownGracefully(0, 10, TimeUnit.SECONDS).syncUninterruptibly();
        }
        Await.until(
                () -> "all buffers were returned: " + memory.metric(),
                () -> memory.metric().usedDirectMemory() == 0 && memory.metric().usedHeapMemory() == 0);
    }
}
