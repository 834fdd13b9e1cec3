package org.relay4j.benchmarks.load;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;

/** A number of outstanding datagrams that the backend echoes: each is sent again as soon as it is back. */
final class UdpEchoes extends UdpTraffic {
    private static final int SLOT = 1; // offsets in a datagram
    private static final int SEQUENCE = SLOT + Integer.BYTES;
    static final int SMALLEST = SEQUENCE + Integer.BYTES;

    private final int[] sequence; // of the datagram that each slot waits for
    private final long[] sent; // nanoTime
    private final boolean[] outstanding;
    private final Latencies latencies = new Latencies();
    private long lost;

    UdpEchoes(InetSocketAddress to, int size, int outstanding) throws IOException {
        super(to, size);
        sequence = new int[outstanding];
        sent = new long[outstanding];
        this.outstanding = new boolean[outstanding];
    }

    @Override
    void send(long now) throws IOException {
        for (int slot = 0; slot < sequence.length; slot++) {
            boolean late = outstanding[slot] && now - sent[slot] > LOST_NANOS;
            if (late && counting) {
                lost++;
            }
            if (late || !outstanding[slot]) {
                send(slot, now);
            }
        }
    }

    private void send(int slot, long now) throws IOException {
        out.clear().put(0, UdpBackend.ECHO).putInt(SLOT, slot).putInt(SEQUENCE, ++sequence[slot]);
        outstanding[slot] = true;
        sent[slot] = now;
        channel.write(out);
    }

    @Override
    void received(ByteBuffer reply, long now) throws IOException {
        if (reply.remaining() != out.capacity()) {
            throw new IOException("an echo of " + reply.remaining() + " bytes");
        }
        int slot = reply.getInt(SLOT);
        if (reply.getInt(SEQUENCE) != sequence[slot]) {
            return; // it was given up
        }
        if (counting) {
            latencies.add(now - sent[slot]);
        }
        send(slot, now);
    }

    @Override
    long samples() {
        return latencies.count();
    }

    @Override
    void report(Json json, double seconds) {
        json.put("outstanding", sequence.length)
                .put("samples", samples())
                .put("per_s", samples() / seconds)
                .put("lost", lost);
        latencies.report(json);
    }
}
