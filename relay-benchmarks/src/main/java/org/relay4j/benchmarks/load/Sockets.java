package org.relay4j.benchmarks.load;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** The settings that all connections of the load generator share. */
final class Sockets {
    private static final int SMALL_BUFFER = 16 * 1024; // bytes

    private Sockets() {}

    /** A blocking connection that has already asked the backend for a mode. */
    static SocketChannel connect(InetSocketAddress to, Mode mode) throws IOException {
        SocketChannel channel = SocketChannel.open();
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        channel.connect(to);
        writeAll(channel, mode.request());
        return channel;
    }

    /**
     * As {@link #connect}, for a connection from which nothing will be read. The system keeps little of what arrives on it:
     * the kernel's memory for TCP is bounded, and would otherwise run out for every connection of the machine.
     */
    static SocketChannel connectStalled(InetSocketAddress to) throws IOException {
        SocketChannel channel = SocketChannel.open();
        channel.setOption(StandardSocketOptions.SO_RCVBUF, SMALL_BUFFER); // before connect, or it is too late
        channel.connect(to);
        writeAll(channel, Mode.SHORT_SOURCE.request());
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
