package org.relay4j.netty;

import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.handler.ssl.SslHandler;
import java.net.Socket;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Pattern;
import org.relay4j.testing.SelfSigned;
import org.relay4j.testing.Visitor;

/** TLS from the visitor to the server, which the relay server only passes on. */
@ExtendWith(LeakCheck.EachTest.class)
@Tag("slow")
class TlsTest {
    private static final int LENGTH = 5_000_000; // bytes

    private static ChannelHandler handlers() {
        return new ChannelInitializer<>() {
            @Override
            protected void initChannel(io.netty.channel.Channel channel) {
                SSLEngine engine = SelfSigned.context().createSSLEngine();
                engine.setUseClientMode(false);
                channel.pipeline().addLast(new SslHandler(engine), new Echo());
            }
        };
    }

    @Test
    void visitorSpeaksTlsWithTheServer() throws Exception {
        SSLContext context = SelfSigned.context();
        try (Relayed relayed = Relayed.with(
                        TlsTest::handlers, options -> options.childOption(ChannelOption.ALLOW_HALF_CLOSURE, true));
                Socket plain = relayed.visit();
                SSLSocket visitor = (SSLSocket)
                        context.getSocketFactory().createSocket(plain, "localhost", plain.getPort(), true)) {
            Call<Void> sending = Call.run(() -> Pattern.write(9, LENGTH, visitor.getOutputStream()));
            Pattern.check(9, LENGTH, visitor.getInputStream());
            sending.result();
            relayed.accepted().close().sync();
            Visitor.expectEnd(visitor); // close_notify: an end without it would be an exception
        }
    }
}
