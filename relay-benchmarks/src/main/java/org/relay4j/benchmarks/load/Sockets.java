package org.relay4j.benchmarks.load;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/** The socket settings of all connections of the load generator. */
final class Sockets {
    private static final int SMALL_BUFFER = 16 * 1024; // bytes

    private Sockets() {}

    /** Returns a blocking connection that has already requested a mode from the backend. */
    static SocketChannel connect(InetSocketAddress to, Opening opening, Mode mode) throws IOException {
        SocketChannel channel = SocketChannel.open();
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        channel.connect(to);
        writeAll(channel, opening.before(mode.request()));
        return channel;
    }

    /**
     * Does the same as {@link #connect} for a connection that will not be read. Its receive buffer is small: the
     * kernel's memory for TCP is limited, and would otherwise run out for all connections of the machine.
     */
    static SocketChannel connectStalled(InetSocketAddress to) throws IOException {
        SocketChannel channel = SocketChannel.open();
        channel.setOption(StandardSocketOptions.SO_RCVBUF, SMALL_BUFFER); // must be set before connect
        channel.connect(to);
        writeAll(channel, Mode.SHORT_SOURCE.request());
        return channel;
    }

    /** Returns a non-blocking connection that may not be established yet. */
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
