package org.relay4j.benchmarks.load;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** Bulk transfer in one direction over any number of connections, on one thread. */
final class BulkTraffic extends Traffic {
    private static final long SELECT_MILLIS = 100;
    private static final double MEGA = 1e6;
    private static final double BITS_PER_GIGA_BYTE = 8e-9;

    private final boolean up;
    private final boolean verify;
    private final int bufferSize;
    private final List<Throughput> received = new ArrayList<>();

    BulkTraffic(Arguments arguments, int connections, CountDownLatch broken) throws IOException {
        super("bulk", broken);
        String direction = arguments.text("dir", "up");
        up = direction.equals("up");
        if (!up && !direction.equals("down")) {
            throw new IllegalArgumentException("--dir is up or down, not " + direction);
        }
        verify = arguments.flag("verify");
        bufferSize = arguments.integer("buf", Load.BUFFER);
        Mode sink = verify ? Mode.CHECKED_SINK : Mode.SINK;
        for (int i = 0; i < connections; i++) {
            channels.add(Sockets.connect(arguments.to(), up ? sink : Mode.SOURCE));
        }
    }

    @Override
    void load() throws IOException {
        Pattern pattern = new Pattern(bufferSize);
        ByteBuffer buffer = ByteBuffer.allocateDirect(bufferSize);
        try (Selector selector = Selector.open()) {
            for (SocketChannel channel : channels) {
                BulkConnection connection =
                        up ? new Upload(channel, pattern) : new Download(channel, buffer, pattern, verify);
                received.add(connection.received());
                channel.configureBlocking(false);
                channel.register(selector, connection.interest(), connection);
            }
            while (!stopped && errors().count() < channels.size()) {
                selector.select(this::handle, SELECT_MILLIS);
            }
        }
    }

    private void handle(SelectionKey key) {
        try {
            ((BulkConnection) key.attachment()).ready(key, counting);
        } catch (IOException e) {
            errors().add(e);
            key.cancel();
        }
    }

    @Override
    void report(Json json, double seconds) {
        double rate = 0;
        double slowest = Double.MAX_VALUE;
        double fastest = 0;
        long bytes = 0;
        for (Throughput each : received) {
            double one = each.bytesPerSecond();
            rate += one;
            slowest = Math.min(slowest, one);
            fastest = Math.max(fastest, one);
            bytes += each.bytes();
        }
        double mean = rate / received.size();
        json.put("dir", up ? "up" : "down")
                .put("bulk_conns", received.size())
                .put("MBps", rate / MEGA)
                .put("Gbps", rate * BITS_PER_GIGA_BYTE)
                .put("bytes", bytes)
                .put("min_share", rate == 0 ? 0.0 : slowest / mean)
                .put("max_share", rate == 0 ? 0.0 : fastest / mean);
    }
}
