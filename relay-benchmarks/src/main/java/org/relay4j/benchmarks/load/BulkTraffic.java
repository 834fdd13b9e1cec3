package org.relay4j.benchmarks.load;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/**
 * Bulk transfer over any number of connections, on one thread: in one direction, or in both with as many connections
 * each. Optional further connections request bytes and never read them.
 */
final class BulkTraffic extends Traffic {
    private static final long SELECT_MILLIS = 100;
    private static final double MEGA = 1e6;
    private static final double BITS_PER_GIGA_BYTE = 8e-9;

    private final String direction;
    private final int busy; // the first of the channels; the others never read
    private final boolean verify;
    private final int bufferSize;
    private final List<Throughput> received = new ArrayList<>();

    BulkTraffic(Arguments arguments, Opening opening, int connections, CountDownLatch broken) throws IOException {
        super("bulk", broken);
        direction = arguments.text("dir", "up");
        if (!List.of("up", "down", "both").contains(direction)) {
            throw new IllegalArgumentException("--dir is up, down or both, not " + direction);
        }
        verify = arguments.flag("verify");
        bufferSize = arguments.integer("buf", Load.BUFFER);
        Mode sink = verify ? Mode.CHECKED_SINK : Mode.SINK;
        busy = direction.equals("both") ? 2 * connections : connections;
        for (int i = 0; i < busy; i++) {
            channels.add(Sockets.connect(arguments.to(), opening, isUp(i) ? sink : Mode.SOURCE));
        }
        int stalled = arguments.integer("stalled", 0);
        for (int i = 0; i < stalled; i++) {
            channels.add(Sockets.connectStalled(arguments.to()));
        }
    }

    private boolean isUp(int number) {
        return direction.equals("both") ? number % 2 == 0 : direction.equals("up");
    }

    @Override
    void load() throws IOException {
        Pattern pattern = new Pattern(bufferSize);
        ByteBuffer buffer = ByteBuffer.allocateDirect(bufferSize);
        try (Selector selector = Selector.open()) {
            for (int i = 0; i < busy; i++) {
                SocketChannel channel = channels.get(i);
                BulkConnection connection =
                        isUp(i) ? new Upload(channel, pattern) : new Download(channel, buffer, pattern, verify);
                received.add(connection.received());
                channel.configureBlocking(false);
                channel.register(selector, connection.interest(), connection);
            }
            while (!stopped && errors().count() < busy) {
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
        json.put("dir", direction)
                .put("bulk_conns", received.size())
                .put("MBps", rate / MEGA)
                .put("Gbps", rate * BITS_PER_GIGA_BYTE)
                .put("bytes", bytes)
                .put("min_share", rate == 0 ? 0.0 : slowest / mean)
                .put("max_share", rate == 0 ? 0.0 : fastest / mean);
    }
}
