package org.relay4j.client;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import org.relay4j.yamux.io.Sockets;
import org.relay4j.yamux.io.UnixSockets;

/**
 * The local service of a forwarder: a TCP port, or a Unix-domain socket.
 *
 * @param name as configured, for messages
 * @param addresses tried in this order
 */
record LocalService(String name, List<SocketAddress> addresses) {

    /** @throws IllegalArgumentException if no service can have this address; the message says why */
    static void check(SocketAddress service) {
        if (service instanceof InetSocketAddress tcp) {
            if (tcp.getPort() == 0) throw new IllegalArgumentException("local port is 0, it must be 1 to 65535");
        } else if (service instanceof UnixDomainSocketAddress unix) {
            String invalid = UnixSockets.invalid(unix.getPath());
            if (invalid != null) throw new IllegalArgumentException(UnixSockets.text(unix) + ": " + invalid);
        } else {
            throw new IllegalArgumentException(
                    "local is " + service + ", it must be an InetSocketAddress or a UnixDomainSocketAddress");
        }
    }

    /** Resolves the host, unless it is an address or a Unix-domain socket. May block. */
    static LocalService resolve(SocketAddress service) throws UnknownHostException {
        if (!(service instanceof InetSocketAddress tcp)) {
            return new LocalService(HostPort.text(service), List.of(service));
        }
        InetAddress address = tcp.getAddress();
        // The wildcard address stands for this machine.
        String host = address != null && address.isAnyLocalAddress() ? "localhost" : tcp.getHostString();
        if (address != null && !host.equals("localhost")) return tcp(host, tcp.getPort(), address);
        try {
            return tcp(host, tcp.getPort(), InetAddress.getAllByName(host));
        } catch (UnknownHostException e) {
            // No RelayException, because the relay server is not the cause.
            UnknownHostException unknown = new UnknownHostException("unknown local host " + host);
            unknown.initCause(e);
            throw unknown;
        }
    }

    /** Returns a TCP service whose host has these addresses. */
    static LocalService tcp(String host, int port, InetAddress... addresses) {
        return new LocalService(
                Sockets.text(host, port),
                Arrays.stream(addresses)
                        .<SocketAddress>map(address -> new InetSocketAddress(address, port))
                        .toList());
    }

    @Override
    public String toString() {
        return name;
    }
}
