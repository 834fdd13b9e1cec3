package org.relay4j.examples.netty;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpServerKeepAliveHandler;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.relay4j.client.RelayAcceptor;
import org.relay4j.client.RelayClient;
import org.relay4j.netty.RelayServerChannel;

/**
 * A Netty server without a local port. POST /echo returns the posted bytes while they are still being sent, POST /digest returns
 * their SHA-256, and GET /random/n returns n bytes. Its server channel factory makes it reachable.
 */
public final class NettyServer implements AutoCloseable {
    private final RelayAcceptor acceptor;
    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(NioIoHandler.newFactory());
    private final Channel server;

    NettyServer(String relayHost, int relayPort) throws IOException {
        acceptor = RelayClient.connect(relayHost, relayPort);
        server = new ServerBootstrap()
                .group(loops)
                .channelFactory(() -> new RelayServerChannel(acceptor))
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel visitor) {
                        visitor.pipeline()
                                .addLast(
                                        new HttpServerCodec(),
                                        new HttpServerKeepAliveHandler(),
                                        new StreamingHandler());
                    }
                })
                .bind(acceptor.publicAddress())
                .syncUninterruptibly()
                .channel();
    }

    public static void main(String[] args) throws IOException {
        if (args.length != 2) {
            System.err.println("usage: NettyServer <relay host> <relay port>");
            System.exit(2);
        }
        try (NettyServer server = new NettyServer(args[0], Integer.parseInt(args[1]))) {
            System.out.println("try: curl --data hello http://" + args[0] + ":" + server.publicPort() + "/digest");
            server.server.closeFuture().syncUninterruptibly();
        }
    }

    int publicPort() {
        return acceptor.publicAddress().getPort();
    }

    @Override
    public void close() {
        server.close().syncUninterruptibly();
        loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }
}
