package org.relay4j.benchmarks.load;

import java.io.IOException;
import java.nio.channels.SelectionKey;

/** One connection of a bulk transfer, sending or receiving. */
interface BulkConnection {
    int interest();

    void ready(SelectionKey key, boolean counting) throws IOException;

    Throughput received();
}
