package org.relay4j.benchmarks.load;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** The settings that all connections of the load generator share. */
final class Sockets {
    private Sockets() {}

    /** A blocking connection that has already asked the backend for a mode. */
    static SocketChannel connect(InetSocketAddress to, Mode mode) throws IOException {
        SocketChannel channel = SocketChannel.open();
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        channel.connect(to);
        writeAll(channel, mode.request());
        return channel;
    }

    /** A connection that does not block and may still be on its way. */
    static SocketChannel connecting(InetSocketAddress to) throws IOException {
        SocketChannel channel = SocketChannel.open();
        channel.configureBlocking(false);
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        try {
            channel.connect(to);
        } catch (IOException refused) {
            channel.close();
            throw refused;
        }
        return channel;
    }

    static void writeAll(SocketChannel channel, ByteBuffer data) throws IOException {
        while (data.hasRemaining()) {
            channel.write(data);
        }
    }

    static void close(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException alreadyBroken) {
            // There is nothing left to close.
        }
    }
}
