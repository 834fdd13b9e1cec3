package org.relay4j.benchmarks.load;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;

/** A download that receives the backend's endless output and optionally checks it. */
final class Download implements BulkConnection {
    private static final int READS_PER_PASS = 2;

    private final SocketChannel channel;
    private final ByteBuffer buffer; // shared by all connections of the thread
    private final Pattern pattern;
    private final boolean verify;
    private final Throughput received = new Throughput();
    private long count;

    Download(SocketChannel channel, ByteBuffer buffer, Pattern pattern, boolean verify) {
        this.channel = channel;
        this.buffer = buffer;
        this.pattern = pattern;
        this.verify = verify;
    }

    @Override
    public int interest() {
        return SelectionKey.OP_READ;
    }

    @Override
    public Throughput received() {
        return received;
    }

    @Override
    public void ready(SelectionKey key, boolean counting) throws IOException {
        for (int i = 0; i < READS_PER_PASS; i++) {
            int n = channel.read(buffer.clear());
            if (n < 0) {
                throw new EOFException("closed by the backend after " + count);
            }
            if (verify && !pattern.matches(buffer.flip(), count)) {
                throw new IOException("wrong bytes after " + count);
            }
            count += n;
            if (n < buffer.capacity()) {
                break;
            }
        }
        received.received(count, System.nanoTime(), counting);
    }
}
