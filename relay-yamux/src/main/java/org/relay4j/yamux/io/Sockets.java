package org.relay4j.yamux.io;

import java.io.Closeable;
import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The ways to end a connection. */
public final class Sockets {
    private static final Logger log = LoggerFactory.getLogger(Sockets.class);

    private Sockets() {}

    /** Makes a channel fit for a loop: non-blocking, and small writes leave at once. */
    public static void configure(SocketChannel channel) throws IOException {
        channel.configureBlocking(false);
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    }

    /** Ends a connection with a TCP reset, so that what the other end has read so far does not look complete to it. */
    public static void reset(SocketChannel channel) {
        try {
            channel.setOption(StandardSocketOptions.SO_LINGER, 0);
        } catch (IOException | UnsupportedOperationException e) {
            log.debug("cannot reset {}: {}", channel, e.toString());
        }
        close(channel);
    }

    /**
     * Has the kernel reset the connection should this process end without closing it: a killed program must not make what
     * was cut off look complete. Such a channel is closed with {@link #finish}, or with {@link #reset}.
     */
    static void resetUnlessFinished(SocketChannel channel) throws IOException {
        channel.setOption(StandardSocketOptions.SO_LINGER, 0);
    }

    /** Closes a connection whose directions have both ended; what was written is still delivered. */
    static void finish(SocketChannel channel) {
        try {
            channel.setOption(StandardSocketOptions.SO_LINGER, -1);
        } catch (IOException e) {
            log.debug("{} is gone already: {}", channel, e.toString());
        }
        close(channel);
    }

    /** The address of the other end, for messages. */
    public static String peer(SocketChannel channel) {
        try {
            return String.valueOf(channel.getRemoteAddress());
        } catch (IOException e) {
            return "a peer that has left";
        }
    }

    /** Closes; a failure only concerns what is gone anyway. */
    public static void close(Closeable channel) {
        try {
            channel.close();
        } catch (IOException e) {
            log.debug("cannot close {}: {}", channel, e.toString());
        }
    }
}
