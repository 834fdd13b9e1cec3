package org.relay4j.client;

import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/** Whether a connection without TLS leaves this machine, so that others in the network can read and change its traffic. */
final class PlainTraffic {
    private PlainTraffic() {}

    /** Warns if others can read the traffic of a new tunnel. */
    static void warn(RelayClientOptions options, ControlConnection first) {
        if (!isExposed(options, first.server().getAddress())) return;
        LoggerFactory.getLogger(ClientTunnel.class)
                .warn(
                        "tunnel {}: anyone on the network to {} can read and change its traffic; encrypt it with the option tls",
                        HostPort.text(first.shownAddress()),
                        HostPort.text(first.server()));
    }

    /** True if the user should be told. Plain traffic of a client with a name is a decision of the user. */
    static boolean isExposed(RelayClientOptions options, @Nullable InetAddress server) {
        return options.tls() == null && !options.allowPlainIdentity() && leavesThisMachine(server);
    }

    /** True if packets to the address leave this machine. An address that only a proxy knows is elsewhere. */
    static boolean leavesThisMachine(@Nullable InetAddress address) {
        if (address == null) return true;
        if (address.isLoopbackAddress() || address.isAnyLocalAddress()) return false;
        try {
            return NetworkInterface.getByInetAddress(address) == null;
        } catch (SocketException e) {
            return true; // the interfaces are not known
        }
    }
}
