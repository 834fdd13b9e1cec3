package org.relay4j.client;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import org.relay4j.yamux.io.Sockets;

/**
 * The local service of a forwarder.
 *
 * @param host as configured, for messages
 * @param addresses those of the host, tried in this order
 * @param port its port
 */
record LocalService(String host, List<InetAddress> addresses, int port) {

    /** Resolves the host, unless it is an address. May block. */
    static LocalService resolve(InetSocketAddress service) throws UnknownHostException {
        InetAddress address = service.getAddress();
        // The wildcard address stands for this machine.
        String host = address != null && address.isAnyLocalAddress() ? "localhost" : service.getHostString();
        if (address != null && !host.equals("localhost")) {
            return new LocalService(host, List.of(address), service.getPort());
        }
        try {
            return new LocalService(host, List.of(InetAddress.getAllByName(host)), service.getPort());
        } catch (UnknownHostException e) {
            // No RelayException, because the relay server is not the cause.
            UnknownHostException unknown = new UnknownHostException("unknown local host " + host);
            unknown.initCause(e);
            throw unknown;
        }
    }

    @Override
    public String toString() {
        return Sockets.text(host, port);
    }
}
