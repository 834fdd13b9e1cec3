package org.relay4j.client.conformance;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.relay4j.client.RelayClient;
import org.relay4j.client.RelayClientOptions;
import org.relay4j.server.RelayServer;
import org.relay4j.server.RelayServerOptions;
import org.relay4j.testing.Visitor;
import org.relay4j.yamux.SessionOptions;

/** A server socket that visitors can reach, and what it takes to have one. */
final class Endpoint implements Closeable {
    /** Of which sort the server socket is. */
    enum Kind {
        TCP,
        RELAY;

        /** Opens an endpoint with room for {@code backlog} visitors that are not accepted yet. */
        Endpoint open(int backlog) throws IOException {
            InetAddress loopback = InetAddress.getLoopbackAddress();
            if (this == TCP) return new Endpoint(new ServerSocket(0, backlog, loopback), () -> {});
            RelayServer server = RelayServer.start(RelayServerOptions.builder()
                    .bindAddress(loopback)
                    .publicBindAddress(loopback)
                    .build());
            SessionOptions session = SessionOptions.builder().backlog(backlog).build();
            RelayClientOptions options = RelayClientOptions.builder()
                    .session(session)
                    .reconnect(false)
                    .build();
            return new Endpoint(RelayClient.connect(loopback.getHostAddress(), server.port(), options), server);
        }
    }

    private @Nullable ServerSocket listener;
    private final Closeable server;

    private Endpoint(ServerSocket listener, Closeable server) {
        this.listener = listener;
        this.server = server;
    }

    ServerSocket listener() {
        return Objects.requireNonNull(listener, "forgotten");
    }

    /** Ends what is between visitors and server socket. */
    void breakTheWay() throws IOException {
        server.close();
    }

    /** No longer refers to the server socket, which is not closed. */
    void forgetListener() {
        listener = null;
    }

    /** A new visitor, with a plain socket. */
    Socket visit() throws IOException {
        return Visitor.connect(listener().getLocalPort());
    }

    @Override
    public void close() throws IOException {
        try (server) {
            if (listener != null) listener.close();
        }
    }
}
