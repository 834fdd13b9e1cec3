package org.relay4j.client;

import java.net.InetAddress;
import java.net.InetSocketAddress;

/** Addresses as a person writes them. */
final class HostPort {
    private HostPort() {}

    /** Host and port; an IPv6 address in brackets, and the address that stands for all as 0.0.0.0. */
    static String text(InetSocketAddress address) {
        InetAddress ip = address.getAddress();
        return text(ip != null && ip.isAnyLocalAddress() ? "0.0.0.0" : address.getHostString(), address.getPort());
    }

    static String text(String host, int port) {
        return host.indexOf(':') < 0 ? host + ":" + port : "[" + host + "]:" + port;
    }
}
