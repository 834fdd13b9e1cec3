package org.relay4j.client;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;

/**
 * The service that a forwarder's visitors are connected to.
 *
 * @param host as it was given, for messages
 * @param addresses those of the host, tried in this order
 * @param port the service's
 */
record LocalService(String host, List<InetAddress> addresses, int port) {

    /** Finds the addresses of the host, unless it was given as an address. May block. */
    static LocalService resolve(InetSocketAddress service) throws UnknownHostException {
        InetAddress address = service.getAddress();
        // A server that listens on all addresses is found on this machine's own.
        String host = address != null && address.isAnyLocalAddress() ? "localhost" : service.getHostString();
        if (address != null && !host.equals("localhost")) {
            return new LocalService(host, List.of(address), service.getPort());
        }
        try {
            return new LocalService(host, List.of(InetAddress.getAllByName(host)), service.getPort());
        } catch (UnknownHostException e) {
            // Not the server's fault, so no RelayException.
            UnknownHostException unknown = new UnknownHostException("unknown local host " + host);
            unknown.initCause(e);
            throw unknown;
        }
    }

    @Override
    public String toString() {
        return HostPort.text(host, port);
    }
}
