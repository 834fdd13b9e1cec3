package org.relay4j.client;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelListener;

/**
 * A forwarder in a process of its own, which never takes a slow server for a dead one: its arguments are the server's control port
 * and the port of the service; says {@code up <public port>} and {@code down}.
 */
final class FaultForwarder {
    private FaultForwarder() {}

    public static void main(String[] arguments) throws IOException {
        int port = Integer.parseInt(arguments[0]);
        int service = Integer.parseInt(arguments[1]);
        RelayClientOptions options = Local.hasty(new Teller())
                .session(FaultOptions.session(FaultOptions.PATIENT))
                .build();
        InetSocketAddress local = new InetSocketAddress(InetAddress.getLoopbackAddress(), service);
        try (RelayForwarder forwarder = RelayClient.forward("localhost", port, local, options)) {
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
            System.out.println("down " + (cause == null ? "" : cause.getMessage()));
        }
    }
}
