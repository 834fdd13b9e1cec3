package org.relay4j.client;

import java.net.DatagramPacket;
import java.net.DatagramSocketImpl;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketAddress;
import java.net.SocketException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** What is below a {@link RelayDatagramSocket}, which has no socket of the operating system: options are remembered and returned. */
final class NoSocket extends DatagramSocketImpl {
    private static final int BUFFER = 256 * 1024; // bytes

    private final Map<Integer, Object> options = new ConcurrentHashMap<>();

    NoSocket() {
        options.put(SO_RCVBUF, BUFFER);
        options.put(SO_SNDBUF, BUFFER);
        options.put(SO_REUSEADDR, false);
        options.put(SO_BROADCAST, false);
        options.put(IP_TOS, 0);
    }

    @Override
    protected void create() {}

    @Override
    protected void bind(int port, InetAddress address) {}

    @Override
    protected void close() {}

    @Override
    public void setOption(int option, Object value) {
        options.put(option, value);
    }

    @Override
    public @Nullable Object getOption(int option) {
        return options.get(option);
    }

    @Override
    protected void send(DatagramPacket packet) throws SocketException {
        throw unsupported();
    }

    @Override
    protected int peek(InetAddress address) throws SocketException {
        throw unsupported();
    }

    @Override
    protected int peekData(DatagramPacket packet) throws SocketException {
        throw unsupported();
    }

    @Override
    protected void receive(DatagramPacket packet) throws SocketException {
        throw unsupported();
    }

    @Override
    @Deprecated
    protected void setTTL(byte ttl) {}

    @Override
    @Deprecated
    @SuppressWarnings("InlineMeSuggester") // nobody calls it
    protected byte getTTL() {
        return 0;
    }

    @Override
    protected void setTimeToLive(int ttl) {}

    @Override
    protected int getTimeToLive() {
        return 0;
    }

    @Override
    protected void join(InetAddress group) throws SocketException {
        throw unsupported();
    }

    @Override
    protected void leave(InetAddress group) throws SocketException {
        throw unsupported();
    }

    @Override
    protected void joinGroup(SocketAddress group, NetworkInterface network) throws SocketException {
        throw unsupported();
    }

    @Override
    protected void leaveGroup(SocketAddress group, NetworkInterface network) throws SocketException {
        throw unsupported();
    }

    private static SocketException unsupported() {
        return new SocketException("not supported by the socket of a public port");
    }
}
