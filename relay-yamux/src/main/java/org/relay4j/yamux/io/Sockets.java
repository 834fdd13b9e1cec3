package org.relay4j.yamux.io;

import java.io.Closeable;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketOption;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.util.Map;
import java.util.Set;
import jdk.net.ExtendedSocketOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How connections are set up for a loop, and the ways to end them. */
public final class Sockets {
    private static final Logger log = LoggerFactory.getLogger(Sockets.class);

    private static final Map<SocketOption<Integer>, Integer> KEEP_ALIVE = Map.of(
            ExtendedSocketOptions.TCP_KEEPIDLE, 60, // s
            ExtendedSocketOptions.TCP_KEEPINTERVAL, 10, // s
            ExtendedSocketOptions.TCP_KEEPCOUNT, 6); // questions

    private Sockets() {}

    /**
     * Makes a channel fit for a loop: non-blocking, small writes leave at once, and a peer that has vanished without a FIN is
     * noticed by TCP keep-alive: after 60 s of silence the kernel asks every 10 s, and the connection fails after 6 questions
     * without an answer. Where the JDK cannot set these times, those of the operating system apply, often two hours. A
     * Unix-domain socket needs and has none of these options.
     */
    public static void configure(SocketChannel channel) throws IOException {
        channel.configureBlocking(false);
        Set<SocketOption<?>> supported = channel.supportedOptions();
        if (!supported.contains(StandardSocketOptions.TCP_NODELAY)) return;
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
        for (Map.Entry<SocketOption<Integer>, Integer> option : KEEP_ALIVE.entrySet()) {
            if (supported.contains(option.getKey())) channel.setOption(option.getKey(), option.getValue());
        }
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
            String peer = String.valueOf(channel.getRemoteAddress());
            return peer.isEmpty() ? "an unnamed Unix-domain socket" : peer;
        } catch (IOException e) {
            return "a peer that has left";
        }
    }

    /**
     * An address as logs and messages show it: {@code 192.0.2.1:80} or {@code [2001:db8::1]:80}. All addresses are {@code
     * 0.0.0.0}, although Java's socket for them is an IPv6 one.
     */
    public static String text(InetSocketAddress address) {
        InetAddress host = address.getAddress();
        if (host == null) return address.getHostString() + ":" + address.getPort();
        if (host.isAnyLocalAddress()) return "0.0.0.0:" + address.getPort();
        String text = host.getHostAddress();
        return (host instanceof Inet6Address ? "[" + text + "]" : text) + ":" + address.getPort();
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
