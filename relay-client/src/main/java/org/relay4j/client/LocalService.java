package org.relay4j.client;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;

/**
 * Where a forwarder's visitors are connected to.
 *
 * @param addresses those of the service's host, tried in this order
 * @param port the service's
 */
record LocalService(List<InetAddress> addresses, int port) {

    /** Finds the addresses of the host, unless it was given as an address. May block. */
    static LocalService resolve(InetSocketAddress service) throws UnknownHostException {
        if (!service.isUnresolved() && !service.getHostString().equals("localhost")) {
            return new LocalService(List.of(service.getAddress()), service.getPort());
        }
        try {
            return new LocalService(List.of(InetAddress.getAllByName(service.getHostString())), service.getPort());
        } catch (UnknownHostException e) {
            // Not the server's fault, so no RelayException.
            UnknownHostException unknown = new UnknownHostException("unknown local host " + service.getHostString());
            unknown.initCause(e);
            throw unknown;
        }
    }
}
