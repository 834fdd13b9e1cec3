package org.relay4j.netty;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.buffer.UnpooledHeapByteBuf;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelOption;
import io.netty.channel.DefaultFileRegion;
import java.io.ByteArrayOutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.relay4j.testing.LeakCheck;
import org.relay4j.testing.Pattern;
import org.relay4j.testing.Visitor;

/** What may be written. */
@ExtendWith(LeakCheck.EachTest.class)
@SuppressWarnings("FutureReturnValueIgnored") // what counts is what the visitor gets
class WritesTest {
    private final Recorder recorder = new Recorder(false);
    private final ByteArrayOutputStream expected = new ByteArrayOutputStream();
    private long seed;

    private byte[] content(int length) {
        byte[] content = Pattern.bytes(++seed, length);
        expected.writeBytes(content);
        return content;
    }

    @Test
    void buffersOfEveryKindInOneFlush() throws Exception {
        try (Relayed relayed = Relayed.with(() -> recorder);
                Socket visitor = relayed.visit()) {
            RelayChannel channel = relayed.accepted();
            channel.write(channel.alloc().heapBuffer().writeBytes(content(1000)));
            channel.write(channel.alloc().directBuffer().writeBytes(content(100_000)));
            channel.write(Unpooled.EMPTY_BUFFER);
            channel.write(channel.alloc()
                    .compositeBuffer()
                    .addComponent(true, Unpooled.wrappedBuffer(content(300_000))) // each larger than one write
                    .addComponent(true, Unpooled.wrappedBuffer(content(300_000)))
                    .addComponent(true, channel.alloc().directBuffer().writeBytes(content(7))));
            channel.write(Unpooled.wrappedBuffer(content(10)).asReadOnly(), channel.voidPromise());
            channel.write(new WithoutNio(content(5000)));
            channel.write(new WithoutNio(new byte[0]));
            ByteBuf large = channel.alloc().directBuffer().writeBytes(content(4_000_000));
            channel.writeAndFlush(large).addListener(ChannelFutureListener.CLOSE);
            byte[] got = visitor.getInputStream().readAllBytes();
            assertArrayEquals(expected.toByteArray(), got);
        }
    }

    @Test
    void manySmallBuffersInOneFlush() throws Exception {
        try (Relayed relayed = Relayed.with(() -> recorder);
                Socket visitor = relayed.visit()) {
            RelayChannel channel = relayed.accepted();
            for (int n = 0; n < 10_000; n++) channel.write(Unpooled.wrappedBuffer(content(n % 300)));
            channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE);
            assertArrayEquals(expected.toByteArray(), visitor.getInputStream().readAllBytes());
        }
    }

    @Test
    void filesAndBuffersKeepTheirOrder(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("file");
        byte[] before = Pattern.bytes(50, 1000);
        byte[] inside = Pattern.bytes(51, 6_000_000);
        Files.write(file, inside);
        try (Relayed relayed = Relayed.with(() -> recorder);
                Socket visitor = relayed.visit()) {
            RelayChannel channel = relayed.accepted();
            channel.write(Unpooled.wrappedBuffer(before));
            channel.write(new DefaultFileRegion(file.toFile(), 10, inside.length - 20));
            channel.writeAndFlush(Unpooled.wrappedBuffer(before)).addListener(ChannelFutureListener.CLOSE);
            byte[] got = visitor.getInputStream().readAllBytes();
            assertEquals(inside.length - 20 + 2000, got.length);
            assertArrayEquals(before, Arrays.copyOf(got, 1000));
            assertArrayEquals(
                    Arrays.copyOfRange(inside, 10, inside.length - 10),
                    Arrays.copyOfRange(got, 1000, got.length - 1000));
            assertArrayEquals(before, Arrays.copyOfRange(got, got.length - 1000, got.length));
        }
    }

    @Test
    void fileThatIsTooShortIsNoCleanEnd(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("file");
        Files.write(file, new byte[1000]);
        try (Relayed relayed = Relayed.with(() -> recorder);
                Socket visitor = relayed.visit()) {
            ChannelFuture write = relayed.accepted().writeAndFlush(new DefaultFileRegion(file.toFile(), 0, 2000));
            assertTrue(write.await().cause() instanceof java.io.IOException);
            Visitor.expectReset(visitor);
        }
    }

    @Test
    void otherMessagesAndCallsAreRefused() throws Exception {
        try (Relayed relayed = Relayed.with(() -> recorder);
                Socket visitor = relayed.visit()) {
            RelayChannel channel = relayed.accepted();
            Class<?> refused = UnsupportedOperationException.class;
            InetSocketAddress anywhere = new InetSocketAddress(0);
            assertEquals(refused, channel.writeAndFlush("text").await().cause().getClass());
            assertEquals(refused, channel.connect(anywhere).await().cause().getClass());
            assertEquals(refused, channel.bind(anywhere).await().cause().getClass());
            channel.writeAndFlush(Unpooled.wrappedBuffer(new byte[] {'x'})).sync();
            Visitor.expect(visitor, "x");
            channel.disconnect().sync();
            Visitor.expectEnd(visitor);
        }
    }

    @Test
    void optionsOfTcpAreRememberedAndAnswered() throws Exception {
        try (Relayed relayed = Relayed.with(
                        () -> recorder,
                        options -> options.option(ChannelOption.SO_BACKLOG, 128)
                                .childOption(ChannelOption.TCP_NODELAY, false)
                                .childOption(ChannelOption.SO_KEEPALIVE, true));
                Socket visitor = relayed.visit()) {
            RelayChannel channel = relayed.accepted();
            assertTrue(visitor.isConnected());
            assertEquals(128, relayed.server.config().getOption(ChannelOption.SO_BACKLOG));
            assertEquals(false, channel.config().getOption(ChannelOption.TCP_NODELAY));
            assertEquals(true, channel.config().getOption(ChannelOption.SO_KEEPALIVE));
            assertEquals(-1, channel.config().getOption(ChannelOption.SO_LINGER));
            assertEquals(true, channel.config().getOptions().get(ChannelOption.SO_KEEPALIVE));
            assertEquals(true, channel.config().getOptions().get(ChannelOption.AUTO_READ));
            assertEquals(null, channel.config().getOption(ChannelOption.IP_MULTICAST_TTL));
            assertEquals(false, channel.config().setOption(ChannelOption.IP_MULTICAST_TTL, 1));
        }
    }

    /** A buffer that cannot be seen as an NIO buffer. */
    private static final class WithoutNio extends UnpooledHeapByteBuf {
        WithoutNio(byte[] content) {
            super(UnpooledByteBufAllocator.DEFAULT, content, content.length);
        }

        @Override
        public int nioBufferCount() {
            return -1;
        }
    }
}
