package org.relay4j.client;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.net.UnknownHostException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.RelayException;
import org.relay4j.api.RelayProtocolException;
import org.relay4j.api.RelayRefusedException;
import org.relay4j.api.RelayUnreachableException;
import org.relay4j.api.control.PortLine;

/**
 * A connection to a relay server that has assigned a port: the next byte in either direction is yamux.
 *
 * @param channel connected and blocking
 * @param server the control address of the server
 * @param publicAddress the server's host and the public port
 */
record ControlConnection(SocketChannel channel, InetSocketAddress server, InetSocketAddress publicAddress) {

    /**
     * Connects and reads the port line. Blocks at most for the connect timeout for each address of the host and the handshake
     * timeout.
     *
     * @throws RelayException of the subclass that says what went wrong
     * @throws InterruptedIOException if the thread is interrupted; its interrupted flag stays set
     */
    static ControlConnection open(String host, int port, RelayClientOptions options) throws IOException {
        if (port < 1 || port > 65_535)
            throw new IllegalArgumentException("port is " + port + ", it must be 1 to 65535");
        SocketChannel channel = connect(host, port, options.connectTimeout());
        boolean ready = false;
        try {
            channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
            int publicPort = readPort(channel, host + ":" + port, options.handshakeTimeout());
            InetSocketAddress server = (InetSocketAddress) channel.getRemoteAddress();
            InetAddress named =
                    InetAddress.getByAddress(host, server.getAddress().getAddress());
            ControlConnection connection = new ControlConnection(
                    channel, new InetSocketAddress(named, port), new InetSocketAddress(named, publicPort));
            ready = true;
            return connection;
        } catch (ClosedByInterruptException e) {
            throw interrupted(e);
        } finally {
            if (!ready) channel.close();
        }
    }

    private static SocketChannel connect(String host, int port, Duration timeout) throws IOException {
        InetAddress[] addresses;
        try {
            addresses = InetAddress.getAllByName(host);
        } catch (UnknownHostException e) {
            throw new RelayUnreachableException("unknown host " + host, e);
        }
        IOException last = null;
        for (InetAddress address : addresses) {
            SocketChannel channel = SocketChannel.open();
            try {
                channel.socket().connect(new InetSocketAddress(address, port), millis(timeout));
                return channel;
            } catch (ClosedByInterruptException e) {
                throw interrupted(e);
            } catch (IOException e) {
                channel.close();
                last = e;
            }
        }
        String why = last instanceof SocketTimeoutException ? "no answer within " + seconds(timeout) : text(last);
        throw new RelayUnreachableException("cannot connect to " + host + ":" + port + ": " + why, last);
    }

    /** Reads the first line and not one byte more, since a frame may follow in the same segment. */
    private static int readPort(SocketChannel channel, String server, Duration timeout) throws IOException {
        byte[] line = new byte[PortLine.LONGEST];
        int length = 0;
        long deadline = System.nanoTime() + timeout.toNanos();
        InputStream in = channel.socket().getInputStream();
        try {
            while (true) {
                long left = (deadline - System.nanoTime()) / 1_000_000;
                if (left <= 0) throw new SocketTimeoutException();
                channel.socket().setSoTimeout((int) left);
                int next = in.read();
                if (next == '\n') break;
                if (next < 0) {
                    throw new RelayUnreachableException(server + " closed the connection before it gave a port", null);
                }
                if (length == line.length) {
                    throw new RelayProtocolException(
                            server + " is no relay server: its first line is longer than " + line.length + " bytes",
                            null);
                }
                line[length++] = (byte) next;
            }
            channel.socket().setSoTimeout(0);
        } catch (SocketTimeoutException e) {
            throw new RelayUnreachableException(server + " gave no port within " + seconds(timeout), e);
        } catch (ClosedByInterruptException | RelayException e) {
            throw e;
        } catch (IOException e) {
            throw new RelayUnreachableException(server + " closed the connection before it gave a port: " + text(e), e);
        }
        return port(line, length, server);
    }

    private static int port(byte[] line, int length, String server) throws IOException {
        PortLine answer;
        try {
            answer = PortLine.parse(line, length);
        } catch (IllegalArgumentException e) {
            throw new RelayProtocolException(
                    server + " is no relay server: it answered " + e.getMessage() + " instead of a port", e);
        }
        String code = answer.code();
        if (code == null) return answer.port();
        String detail = answer.detail().isEmpty() ? "" : ": " + answer.detail();
        throw new RelayRefusedException(server + " refused, " + code + detail, code, answer.detail());
    }

    private static InterruptedIOException interrupted(IOException cause) {
        Thread.currentThread().interrupt();
        InterruptedIOException interrupted = new InterruptedIOException("interrupted while connecting");
        interrupted.initCause(cause);
        return interrupted;
    }

    private static int millis(Duration timeout) {
        return (int) Math.max(1, timeout.toMillis());
    }

    private static String seconds(Duration timeout) {
        return timeout.toMillis() / 1000.0 + " s";
    }

    private static String text(@Nullable IOException error) {
        if (error == null) return "it has no address";
        String message = error.getMessage();
        return message == null ? error.getClass().getSimpleName() : message;
    }
}
