package org.relay4j.client;

import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import org.relay4j.api.TunnelListener;
import org.relay4j.server.RelayServer;
import org.relay4j.server.RelayServerOptions;
import org.relay4j.testing.FixedPort;

/** Servers and options for tests on one machine. */
final class Local {
    private Local() {}

    /** A server that only this machine reaches. Another one may be started later on its port. */
    static RelayServer server() throws IOException {
        return server(FixedPort.free());
    }

    static RelayServer server(int port) throws IOException {
        return RelayServer.start(options().port(port).build());
    }

    static RelayServerOptions.Builder options() {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        return RelayServerOptions.builder().bindAddress(loopback).publicBindAddress(loopback);
    }

    /** A client that does not lose time. */
    static RelayClientOptions.Builder hasty(TunnelListener listener) {
        return RelayClientOptions.builder()
                .listener(listener)
                .connectTimeout(Duration.ofSeconds(5))
                .handshakeTimeout(Duration.ofSeconds(5))
                .backoff(Duration.ofMillis(5), Duration.ofMillis(50));
    }
}
