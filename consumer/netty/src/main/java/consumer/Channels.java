package consumer;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.local.LocalIoHandler;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import org.relay4j.client.RelayAcceptor;
import org.relay4j.client.RelayClient;
import org.relay4j.netty.RelayChannel;
import org.relay4j.netty.RelayServerChannel;
import org.relay4j.server.RelayServer;

/** A Netty server behind a relay server, which echoes what a visitor sends. */
public final class Channels {
    private Channels() {}

    public static void main(String[] args) throws Exception {
        EventLoopGroup loops = new MultiThreadIoEventLoopGroup(1, LocalIoHandler.newFactory());
        try (RelayServer relay = RelayServer.start(0);
                RelayAcceptor acceptor = RelayClient.connect("localhost", relay.port())) {
            new ServerBootstrap()
                    .group(loops)
                    .channelFactory(() -> new RelayServerChannel(acceptor))
                    .childHandler(new Echo())
                    .bind(acceptor.publicAddress())
                    .sync();
            try (Socket visitor = new Socket("localhost", acceptor.publicAddress().getPort())) {
                visitor.getOutputStream().write("hello".getBytes(StandardCharsets.UTF_8));
                byte[] received = visitor.getInputStream().readNBytes(5);
                System.out.println("netty: " + new String(received, StandardCharsets.UTF_8));
            }
        } finally {
            loops.shutdownGracefully();
        }
    }

    private static final class Echo extends ChannelInitializer<RelayChannel> {
        @Override
        protected void initChannel(RelayChannel channel) {
            channel.pipeline().addLast(new ChannelInboundHandlerAdapter() {
                @Override
                public void channelRead(ChannelHandlerContext context, Object message) {
                    context.writeAndFlush(message);
                }
            });
        }
    }
}
