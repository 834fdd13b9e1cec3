package org.relay4j.client;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import org.relay4j.yamux.io.Sockets;
import org.relay4j.yamux.io.UnixSockets;

/** The text form of addresses. */
final class HostPort {
    private HostPort() {}

    /** Returns host and port, or the path of a Unix-domain socket after {@code unix:}. */
    static String text(SocketAddress address) {
        if (address instanceof InetSocketAddress tcp) return text(tcp);
        return address instanceof UnixDomainSocketAddress unix ? UnixSockets.text(unix) : address.toString();
    }

    /** Returns host and port, or the path if it stands for a Unix-domain socket. Returns an IPv6 address in brackets, and the wildcard address as 0.0.0.0. */
    static String text(InetSocketAddress address) {
        UnixDomainSocketAddress socket = ControlSocket.of(address);
        if (socket != null) return UnixSockets.text(socket);
        InetAddress ip = address.getAddress();
        String host = ip != null && ip.isAnyLocalAddress() ? "0.0.0.0" : address.getHostString();
        return Sockets.text(host, address.getPort());
    }
}
