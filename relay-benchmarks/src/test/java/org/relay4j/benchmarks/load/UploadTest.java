package org.relay4j.benchmarks.load;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class UploadTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    /** As with rathole, which once appeared to upload hundreds of GB/s over 8 connections. */
    @Test
    void reportsThatWereHeldUpAndArriveTogetherMakeNoRateOfTheirOwn() throws IOException {
        try (ServerSocketChannel listener =
                        ServerSocketChannel.open().bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
                SocketChannel channel = SocketChannel.open(listener.getLocalAddress());
                SocketChannel backend = listener.accept();
                Selector selector = Selector.open()) {
            ByteBuffer reports = ByteBuffer.allocate(3 * BackendConnection.REPORT);
            for (int n = 1; n <= 3; n++) reports.putLong(n * 1_000L).putLong(n * SECOND);
            Sockets.writeAll(backend, reports.flip());
            channel.configureBlocking(false);
            SelectionKey key = channel.register(selector, SelectionKey.OP_READ);
            Upload upload = new Upload(channel, new Pattern(Load.BUFFER));
            while (upload.received().bytes() < 2_000) {
                selector.select(TimeUnit.SECONDS.toMillis(10));
                upload.ready(key, true);
            }
            assertEquals(1_000, upload.received().bytesPerSecond());
        }
    }
}
