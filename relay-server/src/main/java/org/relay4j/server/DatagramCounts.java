package org.relay4j.server;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.relay4j.yamux.io.LimitedLog;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** Counts the datagrams and visitors of all UDP ports of a server. Safe for use by several threads. */
@SuppressWarnings("EnumOrdinal") // drops are counted by reason in an array
final class DatagramCounts {
    private static final Logger log = LoggerFactory.getLogger(PublicUdpPort.class);

    private final LongAdder in = new LongAdder();
    private final LongAdder out = new LongAdder();
    private final LongAdder visitors = new LongAdder();
    private final AtomicInteger open = new AtomicInteger();
    private final LongAdder[] dropped = new LongAdder[DatagramDrop.values().length];
    private final LimitedLog[] logs = new LimitedLog[dropped.length];

    DatagramCounts() {
        for (int i = 0; i < dropped.length; i++) {
            dropped[i] = new LongAdder();
            logs[i] = new LimitedLog(log, Level.WARN);
        }
    }

    void received() {
        in.increment();
    }

    void sent() {
        out.increment();
    }

    void entered() {
        visitors.increment();
        open.incrementAndGet();
    }

    void left() {
        open.decrementAndGet();
    }

    /** Counts dropped datagrams, and logs the reason at most once a second. */
    void dropped(DatagramDrop reason, int datagrams, PublicUdpPort port) {
        LongAdder count = dropped[reason.ordinal()];
        count.add(datagrams);
        if (reason != DatagramDrop.HELD) {
            logs[reason.ordinal()].log("{}: datagrams are dropped ({}), {} on all ports so far", port, reason, count);
        }
    }

    DatagramStatistics read() {
        Map<DatagramDrop, Long> drops = new EnumMap<>(DatagramDrop.class);
        for (DatagramDrop reason : DatagramDrop.values()) drops.put(reason, dropped[reason.ordinal()].sum());
        return new DatagramStatistics(visitors.sum(), open.get(), in.sum(), out.sum(), drops);
    }
}
