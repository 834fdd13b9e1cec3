package org.relay4j.benchmarks.load;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.SocketChannel;

/** An upload that sends the pattern and counts the bytes that the backend reports as received. */
final class Upload implements BulkConnection {
    private static final int WRITES_PER_PASS = 2;

    private final SocketChannel channel;
    private final Pattern pattern;
    private final Throughput received = new Throughput();
    private final ByteBuffer report = ByteBuffer.allocate(BackendConnection.REPORT);
    private long sent;

    Upload(SocketChannel channel, Pattern pattern) {
        this.channel = channel;
        this.pattern = pattern;
    }

    @Override
    public int interest() {
        return SelectionKey.OP_READ | SelectionKey.OP_WRITE;
    }

    @Override
    public Throughput received() {
        return received;
    }

    @Override
    public void ready(SelectionKey key, boolean counting) throws IOException {
        if (key.isReadable()) {
            readReports(counting);
        }
        if (key.isWritable()) {
            send();
        }
    }

    private void readReports(boolean counting) throws IOException {
        int n = channel.read(report);
        while (n > 0) {
            if (!report.hasRemaining()) {
                received.received(report.getLong(0), report.getLong(Long.BYTES), counting);
                report.clear();
            }
            n = channel.read(report);
        }
        if (n < 0) {
            throw new EOFException("closed by the backend");
        }
    }

    private void send() throws IOException {
        for (int i = 0; i < WRITES_PER_PASS; i++) {
            ByteBuffer data = pattern.from(sent);
            sent += channel.write(data);
            if (data.hasRemaining()) {
                return;
            }
        }
    }
}
