package org.relay4j.client;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.RelayUnreachableException;
import org.relay4j.yamux.io.Sockets;
import org.relay4j.yamux.io.UnixSockets;

/** A control port that is a Unix-domain socket of this machine. */
final class ControlSocket {
    /*
     * A tunnel states the address of its server as an InetSocketAddress. That of a Unix-domain socket is the loopback address with
     * port 0, which no server has, and the path as its host name, so that messages and lease files have the path.
     */
    private static final String MACHINE = "localhost";

    private ControlSocket() {}

    /** Returns the address that stands for a socket. */
    static InetSocketAddress address(UnixDomainSocketAddress socket) {
        return new InetSocketAddress(loopback(UnixSockets.text(socket)), 0);
    }

    /** Returns the socket that an address stands for; null if it is that of a TCP port. */
    static @Nullable UnixDomainSocketAddress of(InetSocketAddress server) {
        if (server.getPort() != 0 || !server.getHostString().startsWith(UnixSockets.PREFIX)) return null;
        return UnixDomainSocketAddress.of(Path.of(server.getHostString().substring(UnixSockets.PREFIX.length())));
    }

    private static InetAddress loopback(String name) {
        try {
            return InetAddress.getByAddress(
                    name, InetAddress.getLoopbackAddress().getAddress());
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e); // these bytes are an address
        }
    }

    /**
     * Connects. Does not block.
     *
     * @throws RelayUnreachableException if no server listens on the socket, this user may not connect, or its backlog is full
     */
    static Reached connect(UnixDomainSocketAddress socket) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        boolean connected = false;
        try {
            channel.configureBlocking(false);
            connected = channel.connect(socket);
            if (!connected) throw new IOException("it is busy");
            return new Reached(channel, MACHINE, 0, loopback(MACHINE), socket);
        } catch (IOException e) {
            String reason = UnixSockets.reason(socket, e);
            throw new RelayUnreachableException(
                    "cannot connect to " + UnixSockets.text(socket) + ": "
                            + (reason == null ? "too many clients wait for its server" : reason),
                    e);
        } finally {
            if (!connected) Sockets.close(channel);
        }
    }
}
