package org.relay4j.netty;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.ChannelInputShutdownEvent;
import io.netty.channel.socket.ChannelInputShutdownReadComplete;
import io.netty.channel.socket.ChannelOutputShutdownEvent;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.relay4j.testing.Await;

/** Records the events of a pipeline in order. */
final class Recorder extends ChannelInboundHandlerAdapter {
    final BlockingQueue<String> events = new LinkedBlockingQueue<>();
    final AtomicLong received = new AtomicLong(); // bytes
    private final boolean texts;

    /**
     * Keeps the events.
     *
     * @param texts whether to record received text as well
     */
    Recorder(boolean texts) {
        this.texts = texts;
    }

    @Override
    public void channelActive(ChannelHandlerContext context) {
        events.add("active");
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        ByteBuf bytes = (ByteBuf) message;
        received.addAndGet(bytes.readableBytes());
        if (texts) events.add(bytes.toString(StandardCharsets.US_ASCII));
        bytes.release();
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
        if (event == ChannelInputShutdownEvent.INSTANCE) events.add("input shut down");
        else if (event == ChannelInputShutdownReadComplete.INSTANCE) events.add("input read to the end");
        else if (event == ChannelOutputShutdownEvent.INSTANCE) events.add("output shut down");
        else events.add("event " + event);
    }

    @Override
    public void channelWritabilityChanged(ChannelHandlerContext context) {
        events.add(context.channel().isWritable() ? "writable" : "not writable");
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable failure) {
        events.add(failure.getClass().getSimpleName() + ": " + failure.getMessage());
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        events.add("inactive");
    }

    /** The next events are these. */
    void expect(String... expected) throws InterruptedException {
        for (String event : expected) {
            assertEquals(event, events.poll(Await.DEADLINE.toNanos(), TimeUnit.NANOSECONDS));
        }
    }
}
