package org.relay4j.cli;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelListener;
import org.relay4j.client.RelayClient;
import org.relay4j.client.RelayClientOptions;
import org.relay4j.client.RelayForwarder;
import org.relay4j.yamux.SessionOptions;

/**
 * A forwarder that notices after a second that its connection is dead, before it makes another one. Its arguments are host and port of the server, and host and port
 * of the service; says {@code up <public port>} and, on standard error, {@code down <cause>}. Ends with its input.
 */
final class AlertForwarder {
    private AlertForwarder() {}

    public static void main(String[] arguments) throws IOException {
        StandardErrorLogging.use();
        Duration half = Duration.ofMillis(500);
        RelayClientOptions options = RelayClientOptions.builder()
                .session(SessionOptions.builder()
                        .keepAliveInterval(half)
                        .keepAliveTimeout(half)
                        .build())
                .listener(new Teller())
                .build();
        InetSocketAddress service = new InetSocketAddress(arguments[2], Integer.parseInt(arguments[3]));
        try (RelayForwarder forwarder =
                RelayClient.forward(arguments[0], Integer.parseInt(arguments[1]), service, options)) {
            System.in.transferTo(OutputStream.nullOutputStream());
            System.out.println("closes " + forwarder);
        }
    }

    private static final class Teller implements TunnelListener {
        @Override
        public void up(Tunnel tunnel) {
            System.out.println("up " + tunnel.publicAddress().getPort());
        }

        @Override
        public void down(Tunnel tunnel, @Nullable Throwable cause, boolean willRetry) {
            System.err.println("down " + (cause == null ? "" : cause.getMessage()));
        }
    }
}
