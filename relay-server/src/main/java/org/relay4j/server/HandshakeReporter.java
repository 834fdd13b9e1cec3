package org.relay4j.server;

import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.control.ClientName;
import org.relay4j.yamux.io.Sockets;

/** Reports why one client gets no tunnel: to the log, the security log, the listener of the server and its statistics. */
final class HandshakeReporter {
    private final RelayServer server;
    private final InetSocketAddress client;
    private @Nullable String claimed; // the name, proved or not; null before it is known, or without one

    HandshakeReporter(RelayServer server, InetSocketAddress client) {
        this.server = server;
        this.client = client;
    }

    /** The client claims a name. */
    void claims(String name) {
        claimed = name;
    }

    /** It is refused with a line. */
    void refused(Refusal reason, String code, String text) {
        server.refused(reason, client, "relay server: client {} refused, {}: {}", who(), code, text);
        if (reason == Refusal.IDENTITY) suspicious(identityEvent(code));
    }

    /** Returns the client's address, and the name that it claims, proved or not. */
    private String who() {
        String host = Sockets.host(client);
        return claimed != null && ClientName.isValid(claimed) ? host + " as " + claimed : host;
    }

    private static SecurityEvent identityEvent(String code) {
        return switch (code) {
            case "auth-required" -> SecurityEvent.AUTH_REQUIRED;
            case "tls-mismatch" -> SecurityEvent.TLS_MISMATCH;
            default -> SecurityEvent.AUTH_FAILED;
        };
    }

    /** It is refused before it can read a line. */
    void refusedUnheard(String why) {
        server.refused(Refusal.TLS, client, "relay server: client {} refused: {}", Sockets.host(client), why);
    }

    /** Another client has displaced it. */
    void displaced() {
        server.refused(
                Refusal.PENDING,
                client,
                "relay server: client {} dropped before it had a tunnel: newer clients have connected, and {} at"
                        + " once ({} of one address) may be pending",
                Sockets.host(client),
                server.options().maxPending(),
                server.options().maxPendingPerAddress());
    }

    void suspicious(SecurityEvent event) {
        server.security().client(event, client, claimed);
    }

    void failed(Throwable failure) {
        server.failed(client, "relay server: unexpected failure, client {} was reset", Sockets.host(client), failure);
    }
}
