package org.relay4j.server;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.TunnelLostException;
import org.relay4j.api.recording.TunnelEvent;
import org.relay4j.yamux.core.Cause;
import org.relay4j.yamux.io.Loop;
import org.relay4j.yamux.io.Sockets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a client holds on the server: a public port, and the connections that carry its visitors. Confined to its loop. */
final class ServerTunnel {
    private static final Logger log = LoggerFactory.getLogger(ServerTunnel.class);

    private final RelayServer server;
    private final Loop loop;
    private final String name;
    private final InetSocketAddress client;
    private final PublicPort port;
    private final Announcements announcements;
    private final List<TunnelConnection> connections = new ArrayList<>(1);
    private boolean established; // a client has shown a sign of life
    private @Nullable TunnelEvent recorded;

    /**
     * A tunnel with a public port, which does not accept anything yet.
     *
     * @throws java.net.BindException when no public port is free
     */
    ServerTunnel(RelayServer server, Loop loop, InetSocketAddress client, long number) throws IOException {
        this.server = server;
        this.loop = loop;
        this.client = client;
        port = new PublicPort(server, this, loop);
        boolean made = false;
        try {
            name = "tunnel " + number + " (port " + port.number() + ")";
            announcements = new Announcements(server.events(), new ServedTunnel(number, client, port.number()));
            made = true;
        } finally {
            if (!made) port.close();
        }
    }

    /** The first connection: its client knows the port, which accepts from now on. */
    void start(TunnelConnection connection) throws IOException {
        port.start();
        log.debug("{}: connected, client {}", name, connection);
        recorded = TunnelEvent.begun();
        connections.add(connection);
        server.tunnels().opened(this, connection);
        connection.start();
        if (server.isClosing()) close();
    }

    Loop loop() {
        return loop;
    }

    PublicPort port() {
        return port;
    }

    Announcements announcements() {
        return announcements;
    }

    // ---- visitors

    boolean canTakeVisitor() {
        return connections.get(0).canTakeVisitor();
    }

    /** Has a connection carry a visitor, which the port has counted. */
    void take(SocketChannel visitor) throws IOException {
        connections.get(0).take(visitor, port);
    }

    // ---- the end

    /** Takes no more visitors, and ends with the last one. From any thread; returns at once. */
    void drain() {
        loop.execute(() -> {
            port.close();
            for (TunnelConnection connection : List.copyOf(connections)) connection.drain();
        });
    }

    /** Ends the tunnel; visitors are reset. From any thread; returns at once. */
    void close() {
        loop.execute(() -> {
            for (TunnelConnection connection : List.copyOf(connections)) connection.close();
        });
    }

    /** A client has shown a sign of life on its connection. */
    void established(TunnelConnection connection) {
        established = true;
        server.tunnels().established();
        server.log().up("{}: up, client {}", name, connection);
        announcements.up();
    }

    /** A connection has ended. */
    void lost(TunnelConnection connection, Cause cause) {
        connections.remove(connection);
        port.close();
        server.tunnels().ended(this, established);
        server.tunnels().ended(connection);
        if (recorded != null) recorded.ended(name, cause.message());
        announcements.down(loss(cause));
        if (established) server.log().down(cause.kind(), "{}: down, {}", name, cause.message());
        else server.log().neverUp(cause.kind(), "{}: down, client {}: {}", name, Sockets.text(client), cause.message());
    }

    /** Gives everything back: the first connection could not be started. */
    void letGo() {
        port.close();
        server.tunnels().ended(this, established);
        for (TunnelConnection connection : connections) {
            connection.letGo();
            server.tunnels().ended(connection);
        }
    }

    private static @Nullable Throwable loss(Cause cause) {
        if (cause.kind() == Cause.Kind.CLOSED_LOCALLY) return null;
        boolean clean = cause.kind() == Cause.Kind.CLOSED_BY_PEER;
        return new TunnelLostException("the tunnel was lost: " + cause.message(), clean, cause.error());
    }

    @Override
    public String toString() {
        return name;
    }
}
