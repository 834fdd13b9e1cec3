package org.relay4j.cli;

import java.io.IOException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import org.jspecify.annotations.Nullable;
import org.relay4j.client.RelayClient;
import org.relay4j.client.RelayClientOptions;
import org.relay4j.client.RelayForwarder;
import org.relay4j.client.RelayTunnel;
import org.relay4j.yamux.io.Sockets;
import org.relay4j.yamux.io.UnixSockets;

/**
 * The control port of a relay server, to which a forwarder connects.
 *
 * @param host empty for a Unix-domain socket
 * @param port 0 for a Unix-domain socket
 * @param socket null for a TCP port
 */
record Destination(String host, int port, @Nullable UnixDomainSocketAddress socket) {
    /** @throws CommandFailure if the server's address is malformed, or has a proxy although it is on this machine */
    static Destination of(Arguments arguments) {
        Value host = arguments.host();
        if (!SocketArguments.isSocket(host)) {
            return new Destination(host.host(), arguments.port().port(1), null);
        }
        Value port = arguments.address().port();
        if (port != null) {
            throw CommandFailure.usage(
                    host.name() + " is a Unix-domain socket, which has no port; remove " + port.name());
        }
        Value proxy = arguments.get(Flag.PROXY);
        if (proxy != null) {
            throw CommandFailure.usage(
                    proxy.name() + " has no effect on a Unix-domain socket, which is on this machine; remove it");
        }
        return new Destination("", 0, UnixDomainSocketAddress.of(SocketArguments.path(host)));
    }

    /** Returns the address for messages. */
    String text() {
        return socket == null ? Sockets.text(host, port) : UnixSockets.text(socket);
    }

    RelayForwarder forward(SocketAddress local, RelayClientOptions options) throws IOException {
        return socket == null
                ? RelayClient.forward(host, port, local, options)
                : RelayClient.forward(socket, local, options);
    }

    RelayTunnel open(RelayClientOptions options) throws IOException {
        return socket == null ? RelayClient.open(host, port, options) : RelayClient.open(socket, options);
    }

    String greeting(RelayClientOptions options) throws IOException {
        return socket == null ? RelayClient.greeting(host, port, options) : RelayClient.greeting(socket, options);
    }
}
