package org.relay4j.benchmarks.load;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.HashMap;
import java.util.Map;

/**
 * The UDP side of the backend. A datagram that begins with {@link #ECHO} is sent back; those that begin with {@link #COUNTED} are
 * counted for each run, and every {@link #REPORT_EVERY}th is answered with the count.
 */
final class UdpBackend {
    static final byte ECHO = 'E';
    static final byte COUNTED = 'C';
    static final int RUN = 1; // offset of the number of a run in a datagram
    static final int REPORT_EVERY = 16;

    private static final int READS_PER_PASS = 64;
    private static final int LARGEST = 65_507;

    private final DatagramChannel channel;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(LARGEST);
    private final Map<Integer, Long> counts = new HashMap<>(); // by run

    UdpBackend(InetSocketAddress address, Selector selector) throws IOException {
        channel = DatagramChannel.open(StandardProtocolFamily.INET);
        channel.setOption(StandardSocketOptions.SO_RCVBUF, UdpTraffic.KERNEL_BUFFER);
        channel.bind(address);
        channel.configureBlocking(false);
        channel.register(selector, SelectionKey.OP_READ, this);
    }

    void ready() throws IOException {
        for (int i = 0; i < READS_PER_PASS; i++) {
            SocketAddress from = channel.receive(buffer.clear());
            if (from == null) {
                return;
            }
            buffer.flip();
            boolean known = buffer.remaining() >= UdpEchoes.SMALLEST;
            if (known && buffer.get(0) == ECHO) {
                channel.send(buffer, from);
            } else if (known && buffer.get(0) == COUNTED) {
                count(from);
            }
        }
    }

    private void count(SocketAddress from) throws IOException {
        long count = counts.merge(buffer.getInt(RUN), 1L, Long::sum);
        if (count % REPORT_EVERY == 0) {
            channel.send(buffer.clear().putLong(count).flip(), from);
        }
    }
}
