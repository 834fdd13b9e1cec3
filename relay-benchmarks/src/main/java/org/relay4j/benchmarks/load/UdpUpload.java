package org.relay4j.benchmarks.load;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Datagrams in one direction, as many as arrive. The number of those that the backend has not reported yet is limited, as by a
 * protocol that avoids congestion.
 */
final class UdpUpload extends UdpTraffic {
    private final int window; // datagrams
    private final int run = ThreadLocalRandom.current().nextInt();
    private long sent;
    private long missing; // of those sent, given up
    private long arrived; // by the latest report
    private long reportedAt = System.nanoTime();
    private long arrivedBefore; // when counting began
    private long missingBefore;
    private boolean wasCounting;

    UdpUpload(InetSocketAddress to, int size, int window) throws IOException {
        super(to, size);
        this.window = window;
    }

    @Override
    void send(long now) throws IOException {
        if (counting && !wasCounting) {
            wasCounting = true;
            arrivedBefore = arrived;
            missingBefore = missing;
        }
        if (now - reportedAt > LOST_NANOS) {
            missing = sent - arrived;
            reportedAt = now;
        }
        for (; sent - missing - arrived < window; sent++) {
            out.clear().put(0, UdpBackend.COUNTED).putInt(UdpBackend.RUN, run);
            if (channel.write(out) == 0) {
                return; // the kernel has no room
            }
        }
    }

    @Override
    void received(ByteBuffer report, long now) {
        arrived = Math.max(arrived, report.getLong());
        reportedAt = now;
    }

    @Override
    long samples() {
        return arrived - arrivedBefore;
    }

    @Override
    void report(Json json, double seconds) {
        json.put("window", window)
                .put("samples", samples())
                .put("per_s", samples() / seconds)
                .put("lost", missing - missingBefore);
    }
}
