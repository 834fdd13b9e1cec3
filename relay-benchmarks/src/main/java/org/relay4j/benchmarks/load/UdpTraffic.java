package org.relay4j.benchmarks.load;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.concurrent.TimeUnit;

/** Datagrams of one visitor, from when it is created until it is closed. Lost ones are counted, and others take their place. */
abstract class UdpTraffic implements AutoCloseable {
    /** What the kernel keeps, if it allows as much. Unit: bytes. */
    static final int KERNEL_BUFFER = 1 << 20;

    /** After this time without a reply, a datagram is lost. */
    static final long LOST_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private static final long SELECT_MILLIS = 20;
    private static final int READS_PER_PASS = 64;

    final DatagramChannel channel;
    final ByteBuffer out;
    boolean counting;
    private final ByteBuffer in;
    private final Selector selector;

    /** @param size of each datagram; unit: bytes */
    UdpTraffic(InetSocketAddress to, int size) throws IOException {
        selector = Selector.open();
        channel = DatagramChannel.open(StandardProtocolFamily.INET);
        channel.setOption(StandardSocketOptions.SO_RCVBUF, KERNEL_BUFFER);
        channel.connect(to);
        channel.configureBlocking(false);
        channel.register(selector, SelectionKey.OP_READ);
        out = ByteBuffer.allocateDirect(size);
        in = ByteBuffer.allocateDirect(size);
    }

    /** Sends whatever may be sent now, and again what is lost. */
    abstract void send(long now) throws IOException;

    /** Receives a reply, between position and limit. */
    abstract void received(ByteBuffer reply, long now) throws IOException;

    /** Returns the number of counted datagrams that have arrived. */
    abstract long samples();

    /** Adds the results. */
    abstract void report(Json json, double seconds);

    /** Sends and receives for some time. */
    final void runFor(double seconds) throws IOException {
        long end = System.nanoTime() + (long) (seconds * TimeUnit.SECONDS.toNanos(1));
        for (long now = System.nanoTime(); now - end < 0; now = System.nanoTime()) {
            send(now);
            selector.select(key -> {}, SELECT_MILLIS);
            receive();
        }
    }

    private void receive() throws IOException {
        for (int i = 0; i < READS_PER_PASS && channel.read(in.clear()) > 0; i++) {
            received(in.flip(), System.nanoTime());
        }
    }

    @Override
    public final void close() throws IOException {
        channel.close();
        selector.close();
    }
}
