package org.relay4j.netty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.ChannelOption;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.relay4j.client.RelayClientOptions;
import org.relay4j.testing.Call;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Pattern;
import org.relay4j.testing.Visitor;

/** Bytes in both directions at once, through every kind of event loop. */
@ExtendWith(LeakCheck.EachTest.class)
@Tag("slow")
class EchoTest {
    private static final long LARGE = 100L << 20; // bytes
    private static final int VISITORS = 200;

    private static void halfClosure(ServerBootstrap bootstrap) {
        bootstrap.childOption(ChannelOption.ALLOW_HALF_CLOSURE, true);
    }

    @ParameterizedTest
    @EnumSource
    void returnsWhatIsSentOnEveryKindOfLoop(Loops loops) throws Exception {
        try (Relayed relayed = new Relayed(loops, RelayClientOptions.defaults(), Echo::new, EchoTest::halfClosure);
                Socket visitor = relayed.visit()) {
            Visitor.send(visitor, "hello");
            Visitor.expect(visitor, "hello");
            Call<Void> sending = Call.run(() -> {
                Pattern.write(1, 5_000_000, visitor.getOutputStream());
                visitor.shutdownOutput();
            });
            Pattern.check(1, 5_000_000, visitor.getInputStream());
            Visitor.expectEnd(visitor);
            sending.result();
        }
    }

    @Test
    void hundredMebibytesBothWaysAtOnce() throws Exception {
        try (Relayed relayed = Relayed.with(Echo::new, EchoTest::halfClosure);
                Socket visitor = relayed.visit()) {
            MessageDigest sent = MessageDigest.getInstance("SHA-256");
            Call<Void> sending = Call.run(() -> {
                Pattern.write(7, LARGE, new DigestOutputStream(visitor.getOutputStream(), sent));
                visitor.shutdownOutput();
            });
            MessageDigest received = MessageDigest.getInstance("SHA-256");
            InputStream in = visitor.getInputStream();
            assertEquals(LARGE, in.transferTo(new DigestOutputStream(OutputStream.nullOutputStream(), received)));
            sending.result();
            assertEquals(HexFormat.of().formatHex(sent.digest()), HexFormat.of().formatHex(received.digest()));
        }
    }

    @Test
    void twoHundredVisitorsAtOnce() throws Exception {
        try (Relayed relayed = Relayed.with(Echo::new, EchoTest::halfClosure)) {
            List<Socket> visitors = new ArrayList<>();
            for (int n = 0; n < VISITORS; n++) visitors.add(relayed.visit());
            for (int n = 0; n < VISITORS; n++)
                Pattern.write(n, 10_000, visitors.get(n).getOutputStream());
            for (int n = 0; n < VISITORS; n++)
                Pattern.check(n, 10_000, visitors.get(n).getInputStream());
            for (Socket visitor : visitors) {
                visitor.shutdownOutput();
                Visitor.expectEnd(visitor);
                visitor.close();
            }
        }
    }

    @Test
    void remoteAddressIsThatOfTheVisitorIfTheServerStatesIt() throws Exception {
        RelayClientOptions options =
                RelayClientOptions.builder().visitorAddresses(true).build();
        try (Relayed relayed = new Relayed(Loops.NIO, options, Echo::new, bootstrap -> {});
                Socket visitor = relayed.visit()) {
            assertEquals(visitor.getLocalSocketAddress(), relayed.accepted().remoteAddress());
        }
    }

    @Test
    void addressesAreThoseOfTheAcceptor() throws Exception {
        try (Relayed relayed = Relayed.with(Echo::new);
                Socket visitor = relayed.visit()) {
            RelayChannel channel = relayed.accepted();
            assertEquals(relayed.acceptor.publicAddress(), relayed.server.localAddress());
            assertEquals(relayed.acceptor.publicAddress(), channel.localAddress());
            assertEquals(new InetSocketAddress(0), channel.remoteAddress());
            assertEquals(relayed.server, channel.parent());
            assertEquals(relayed.acceptor, channel.parent().acceptor());
            assertTrue(channel.isActive());
            assertTrue(visitor.isConnected());
        }
    }
}
