package org.relay4j.netty;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelOption;
import java.net.Socket;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.relay4j.testing.Await;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Visitor;

/** How a visitor's channel ends: in one direction, in both, and by force. */
@ExtendWith(LeakCheck.EachTest.class)
@SuppressWarnings("FutureReturnValueIgnored") // what counts is what the visitor gets
class EndsTest {
    private static final int MORE_THAN_FITS = 32 << 20; // bytes; windows, buffers and those of the kernel

    private final Recorder recorder = new Recorder(true);

    private static io.netty.buffer.ByteBuf text(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
    }

    @Test
    void endOfTheVisitorClosesTheChannel() throws Exception {
        try (Relayed relayed = Relayed.with(() -> recorder);
                Socket visitor = relayed.visit()) {
            recorder.expect("active");
            Visitor.send(visitor, "hello");
            visitor.shutdownOutput();
            recorder.expect("hello", "inactive");
            Visitor.expectEnd(visitor);
            assertFalse(relayed.accepted().isOpen());
        }
    }

    @Test
    void visitorThatHasSentEverythingIsStillAnswered() throws Exception {
        try (Relayed relayed = Relayed.with(
                        () -> recorder, options -> options.childOption(ChannelOption.ALLOW_HALF_CLOSURE, true));
                Socket visitor = relayed.visit()) {
            RelayChannel channel = relayed.accepted();
            visitor.shutdownOutput();
            recorder.expect("active", "input shut down", "input read to the end");
            assertTrue(channel.isInputShutdown());
            assertFalse(channel.isOutputShutdown());
            assertTrue(channel.isActive());
            channel.writeAndFlush(text("answer")).sync();
            Visitor.expect(visitor, "answer");
            channel.close().sync();
            Visitor.expectEnd(visitor);
            recorder.expect("inactive");
        }
    }

    @Test
    void outputEndsAloneAndTheVisitorGoesOnSending() throws Exception {
        try (Relayed relayed = Relayed.with(() -> recorder);
                Socket visitor = relayed.visit()) {
            RelayChannel channel = relayed.accepted();
            channel.write(text("all"));
            channel.flush();
            channel.shutdownOutput().sync();
            assertTrue(channel.isOutputShutdown());
            assertFalse(channel.isShutdown());
            Visitor.expect(visitor, "all");
            Visitor.expectEnd(visitor);
            recorder.expect("active", "output shut down");
            Visitor.send(visitor, "more");
            recorder.expect("more");
            assertTrue(channel.write(text("late")).await().cause() instanceof java.io.IOException);
            visitor.shutdownOutput();
            recorder.expect("inactive");
        }
    }

    @Test
    void inputThatIsShutDownThrowsAwayWhatComes() throws Exception {
        try (Relayed relayed = Relayed.with(() -> recorder);
                Socket visitor = relayed.visit()) {
            RelayChannel channel = relayed.accepted();
            channel.shutdownInput().sync();
            recorder.expect("active", "input read to the end");
            Visitor.send(visitor, "nobody reads this");
            channel.writeAndFlush(text("but writes")).sync();
            Visitor.expect(visitor, "but writes");
            assertEquals(0, recorder.received.get());
            channel.shutdown().sync();
            assertTrue(channel.isShutdown());
            Visitor.expectEnd(visitor);
            channel.close().sync();
            recorder.expect("output shut down", "inactive");
            assertEquals(
                    ClosedChannelException.class,
                    channel.shutdownInput().await().cause().getClass());
        }
    }

    @Test
    void resetOfTheVisitorIsToldAndClosesTheChannel() throws Exception {
        try (Relayed relayed = Relayed.with(
                        () -> recorder, options -> options.childOption(ChannelOption.ALLOW_HALF_CLOSURE, true));
                Socket visitor = relayed.visit()) {
            Visitor.send(visitor, "hello");
            recorder.expect("active", "hello");
            Visitor.reset(visitor);
            recorder.expect("SocketException: Connection reset", "inactive");
        }
    }

    @Test
    void lossOfTheTunnelResetsTheVisitors() throws Exception {
        try (Relayed relayed = Relayed.with(() -> recorder);
                Socket visitor = relayed.visit()) {
            recorder.expect("active");
            relayed.relay.close();
            recorder.expect("SocketException: Connection reset", "inactive");
            assertTrue(visitor.isConnected());
        }
    }

    @Test
    void writeThatMeetsAResetFails() throws Exception {
        try (Relayed relayed = Relayed.with(() -> recorder);
                Socket visitor = relayed.visit()) {
            RelayChannel channel = relayed.accepted();
            ChannelFuture write = channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[MORE_THAN_FITS]));
            assertFalse(write.isDone());
            Visitor.reset(visitor);
            assertTrue(write.await().cause() instanceof java.io.IOException);
            Await.until("the channel is closed", () -> !channel.isOpen());
        }
    }

    @Test
    void replyBeforeCloseIsComplete() throws Exception {
        byte[] reply = new byte[3_000_000];
        try (Relayed relayed = Relayed.with(() -> recorder);
                Socket visitor = relayed.visit()) {
            relayed.accepted().writeAndFlush(Unpooled.wrappedBuffer(reply)).addListener(ChannelFutureListener.CLOSE);
            assertEquals(reply.length, visitor.getInputStream().readAllBytes().length);
        }
    }

    @Test
    void closeBeforeEverythingWasSentIsNoCleanEnd() throws Exception {
        try (Relayed relayed = Relayed.with(() -> recorder);
                Socket visitor = relayed.visit()) {
            RelayChannel channel = relayed.accepted();
            ChannelFuture write = channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[MORE_THAN_FITS]));
            channel.close().sync();
            assertEquals(
                    ClosedChannelException.class,
                    write.await().cause().getClass().getSuperclass());
            Visitor.expectReset(visitor);
        }
    }

    @Test
    void shutdownBeforeEverythingWasSentIsNoCleanEnd() throws Exception {
        try (Relayed relayed = Relayed.with(() -> recorder);
                Socket visitor = relayed.visit()) {
            RelayChannel channel = relayed.accepted();
            channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[MORE_THAN_FITS]));
            channel.shutdownOutput().sync();
            Visitor.expectReset(visitor);
        }
    }

    @Test
    void lingerTimeOfZeroMakesCloseAReset() throws Exception {
        try (Relayed relayed =
                        Relayed.with(() -> recorder, options -> options.childOption(ChannelOption.SO_LINGER, 0));
                Socket visitor = relayed.visit()) {
            relayed.accepted().close().sync();
            Visitor.expectReset(visitor);
        }
    }

    @Test
    void eventLoopThatEndsClosesItsChannels() throws Exception {
        try (Relayed relayed = Relayed.with(() -> recorder);
                Socket visitor = relayed.visit()) {
            RelayChannel channel = relayed.accepted();
            recorder.expect("active");
            relayed.group
                    .shutdownGracefully(0, 10, java.util.concurrent.TimeUnit.SECONDS)
                    .sync();
            recorder.expect("inactive");
            assertFalse(channel.isOpen());
            assertFalse(relayed.server.isOpen());
            assertTrue(relayed.acceptor.isClosed());
            Visitor.expectEnd(visitor);
        }
    }

    @Test
    void channelMovesToAnotherEventLoop() throws Exception {
        try (Relayed relayed = Relayed.with(() -> recorder);
                Socket visitor = relayed.visit()) {
            RelayChannel channel = relayed.accepted();
            recorder.expect("active");
            io.netty.channel.EventLoop first = channel.eventLoop();
            channel.deregister().sync();
            assertFalse(channel.isRegistered());
            Visitor.send(visitor, "hello");
            first.submit(() -> {}).sync(); // all tasks for the old loop have run
            assertEquals(0, recorder.received.get());
            io.netty.channel.EventLoop second = relayed.group.next();
            if (second.equals(first)) second = relayed.group.next();
            second.register(channel).sync();
            recorder.expect("hello");
            channel.close().sync();
            recorder.expect("inactive");
        }
    }
}
