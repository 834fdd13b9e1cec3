package org.relay4j.yamux.io;

import java.io.Closeable;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketOption;
import java.net.StandardSocketOptions;
import java.net.UnknownHostException;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import jdk.net.ExtendedSocketOptions;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Utilities that configure, describe and close sockets. */
public final class Sockets {
    private static final Logger log = LoggerFactory.getLogger(Sockets.class);

    private static final Map<SocketOption<Integer>, Integer> KEEP_ALIVE = Map.of(
            ExtendedSocketOptions.TCP_KEEPIDLE, 60, // s
            ExtendedSocketOptions.TCP_KEEPINTERVAL, 10, // s
            ExtendedSocketOptions.TCP_KEEPCOUNT, 6); // probes

    private Sockets() {}

    /**
     * Configures a channel for a loop: non-blocking, with TCP_NODELAY and TCP keep-alive, which detects peers that vanish
     * without a FIN. After 60 s of silence the kernel sends a probe every 10 s, and the connection fails after 6 unanswered
     * probes. Where the JDK cannot set these times, the defaults of the operating system apply, often two hours. A Unix-domain
     * socket does not have or need these options.
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

    /** Closes a connection with a TCP reset, so that the other end does not mistake the data read so far for complete. */
    public static void reset(SocketChannel channel) {
        resetUnlessFinished(channel);
        close(channel);
    }

    /**
     * Makes the kernel reset the connection if this process ends without closing it, so that truncated data does not look
     * complete when the process is killed. Close such a channel with {@link #finish} or {@link #reset}. Has no effect if the
     * channel is closed already.
     */
    public static void resetUnlessFinished(SocketChannel channel) {
        try {
            channel.setOption(StandardSocketOptions.SO_LINGER, 0);
        } catch (IOException | UnsupportedOperationException e) {
            log.debug("cannot have {} reset at the end: {}", channel, e.toString());
        }
    }

    /** Closes a connection after both directions have ended. Written data is still delivered. */
    static void finish(SocketChannel channel) {
        try {
            channel.setOption(StandardSocketOptions.SO_LINGER, -1);
        } catch (IOException e) {
            log.debug("{} is already closed: {}", channel, e.toString());
        }
        close(channel);
    }

    /** Returns the address of the other end, for messages. */
    public static String peer(SocketChannel channel) {
        try {
            String peer = String.valueOf(channel.getRemoteAddress());
            return peer.isEmpty() ? "an unnamed Unix-domain socket" : peer;
        } catch (IOException e) {
            return "a disconnected peer";
        }
    }

    /**
     * Formats an address for logs and messages: {@code 192.0.2.1:80} or {@code [2001:db8::1]:80}. The wildcard address is
     * always {@code 0.0.0.0}, even if Java uses an IPv6 socket for it.
     */
    public static String text(InetSocketAddress address) {
        InetAddress host = address.getAddress();
        if (host == null) return address.getHostString() + ":" + address.getPort();
        if (host.isAnyLocalAddress()) return "0.0.0.0:" + address.getPort();
        String text = host.getHostAddress();
        return (host instanceof Inet6Address ? "[" + text + "]" : text) + ":" + address.getPort();
    }

    /** Joins a host and a port; the colons of an IPv6 address are put into brackets. */
    public static String text(String host, int port) {
        return bracketed(host) + ":" + port;
    }

    /** Returns a host as it stands before a port. */
    public static String bracketed(String host) {
        return host.indexOf(':') >= 0 ? "[" + host + "]" : host;
    }

    /**
     * Returns what stands for the customer who has an address, in limits for each of them: with IPv6, one usually has 2^64
     * addresses with the same first half.
     */
    public static InetAddress site(InetAddress address) {
        if (!(address instanceof Inet6Address)) return address;
        byte[] bytes = address.getAddress();
        Arrays.fill(bytes, bytes.length / 2, bytes.length, (byte) 0);
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e); // sixteen bytes are an address
        }
    }

    /** Formats the host of a resolved address for logs and messages, without the port. */
    public static String host(InetSocketAddress address) {
        return address.getAddress().getHostAddress();
    }

    /** Closes a channel. A failure is only logged. */
    public static void close(Closeable channel) {
        try {
            channel.close();
        } catch (IOException e) {
            log.debug("cannot close {}: {}", channel, e.toString());
        }
    }
}
