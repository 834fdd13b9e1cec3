package org.relay4j.client;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.Sockets;
import org.relay4j.yamux.io.UnixSockets;

/**
 * A connection that has reached a server: the next byte in either direction is the server's.
 *
 * @param channel non-blocking
 * @param host the server's host, as the caller knows it
 * @param port its control port; 0 if that is a Unix-domain socket
 * @param address the server's address; null behind a proxy, which alone knows it
 * @param socket the control port; null if it is a TCP port
 */
record Reached(
        SocketChannel channel,
        String host,
        int port,
        @Nullable InetAddress address,
        @Nullable UnixDomainSocketAddress socket) {
    private static final Pattern LITERAL = Pattern.compile("[0-9.]+|.*:.*");

    /** A connection without a proxy. */
    static Reached directly(Dial.Dialed dialed) {
        InetSocketAddress target = dialed.target();
        return new Reached(dialed.channel(), target.getHostString(), target.getPort(), target.getAddress(), null);
    }

    /** Returns the control port, for messages. */
    String text() {
        return socket == null ? Sockets.text(host, port) : UnixSockets.text(socket);
    }

    /** Returns the address of the control port. */
    InetSocketAddress server() throws IOException {
        return socket == null ? at(port) : ControlSocket.address(socket);
    }

    /** Returns a port of the server: resolved, unless it has a name that only the proxy resolves. */
    InetSocketAddress at(int serverPort) throws IOException {
        if (address != null) return new InetSocketAddress(ControlConnection.named(host, address), serverPort);
        return LITERAL.matcher(host).matches()
                ? new InetSocketAddress(host, serverPort)
                : InetSocketAddress.createUnresolved(host, serverPort);
    }
}
