package org.relay4j.client;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.api.RelayException;
import org.relay4j.api.RelayOptionException;
import org.relay4j.api.RelayProtocolException;
import org.relay4j.api.control.ControlLine;
import org.relay4j.yamux.SessionOptions;
import org.relay4j.yamux.io.Driver;
import org.relay4j.yamux.io.PlainWire;
import org.relay4j.yamux.io.Sockets;
import org.relay4j.yamux.io.TlsWire;
import org.relay4j.yamux.io.Wire;

/**
 * A connection to a relay server that has assigned a port: the next byte in either direction is yamux.
 *
 * @param wire non-blocking, and not registered with a selector
 * @param server the control address of the server
 * @param publicAddress the address for visitors: the server's host and the public port, unless the server states another; port 0 if the tunnel has no port of its own
 * @param grant the grant of the server
 */
record ControlConnection(Wire wire, InetSocketAddress server, InetSocketAddress publicAddress, Grant grant) {

    /** How often a connection that is one of several is pinged while it is silent. */
    private static final Duration OFTEN = Duration.ofMillis(500);

    /** Connects, and opens a tunnel without a lease. Blocks as {@link #over} does, and for the connect timeout. */
    static ControlConnection open(String host, int port, RelayClientOptions options) throws IOException {
        if (port < 1 || port > 65_535)
            throw new IllegalArgumentException("port is " + port + ", it must be 1 to 65535");
        return over(
                reach(InetSocketAddress.createUnresolved(host, port), options), options, ServerLines.request(options));
    }

    /** Returns the server's first line, and closes the connection. Blocks and throws as {@link #open} does. */
    static String greeting(InetSocketAddress server, RelayClientOptions options) throws IOException {
        Reached reached = reach(server, options);
        Wire wire = new PlainWire(reached.channel());
        try {
            wire = wireTo(reached, options);
            try (Conversation conversation = new Conversation(wire, options.handshakeTimeout())) {
                return new ServerLines(reached.text(), conversation, options).greeting(wire);
            }
        } finally {
            wire.close();
        }
    }

    /** Returns what the lines are written to: with TLS, if the options want it, before its handshake. */
    private static Wire wireTo(Reached reached, RelayClientOptions options) throws IOException {
        Sockets.configure(reached.channel());
        ClientTls tls = options.tls();
        if (tls != null) return new TlsWire(reached.channel(), tls.engine(reached.host(), reached.port()));
        requireEncryption(options.identity(), reached, options);
        return new PlainWire(reached.channel());
    }

    private static Reached reach(InetSocketAddress server, RelayClientOptions options) throws IOException {
        UnixDomainSocketAddress socket = ControlSocket.of(server);
        if (socket != null) return ControlSocket.connect(socket);
        String host = server.getHostString();
        int port = server.getPort();
        return new Route(host, port, options, false)
                .connect(
                        options.connectTimeout(),
                        timeout -> Dial.connect(Dial.resolve(host, port), Sockets.text(host, port), timeout, false));
    }

    /**
     * Waits until the server has assigned a port. Blocks at most for the handshake timeout.
     *
     * @param reached the connection; it is closed if this method throws
     * @param request the request to a server that sends HELLO, without the identity
     * @throws RelayException a subclass that identifies the failure
     * @throws InterruptedIOException if the thread is interrupted; its interrupted flag stays set
     */
    static ControlConnection over(Reached reached, RelayClientOptions options, ControlLine request) throws IOException {
        Wire wire = new PlainWire(reached.channel());
        boolean ready = false;
        try {
            wire = wireTo(reached, options);
            Grant grant;
            try (Conversation conversation = new Conversation(wire, options.handshakeTimeout())) {
                grant = new ServerLines(reached.text(), conversation, options).open(wire, request);
            }
            ControlConnection connection =
                    new ControlConnection(wire, reached.server(), publicAddress(reached, grant), grant);
            ready = true;
            return connection;
        } finally {
            if (!ready) wire.close();
        }
    }

    private static InetSocketAddress publicAddress(Reached reached, Grant grant) throws IOException {
        InetSocketAddress port = reached.at(grant.port());
        if (grant.site() == null || grant.port() == 0) return port;
        try {
            return PublicAddress.of(grant.site(), port, Endpoint.port(grant.port()));
        } catch (IllegalArgumentException e) {
            throw new RelayProtocolException(
                    reached.text() + " has granted a port whose address is malformed: " + e.getMessage(), e);
        }
    }

    /** Returns the address with the host's name. It keeps its scope, without which a link-local address leads nowhere. */
    static InetAddress named(String host, InetAddress address) throws UnknownHostException {
        return address instanceof Inet6Address scoped && scoped.getScopeId() != 0
                ? Inet6Address.getByAddress(host, scoped.getAddress(), scoped.getScopeId())
                : InetAddress.getByAddress(host, address.getAddress());
    }

    /** Others cannot use a proof, but without TLS the client cannot know the receiver of its name and its data. */
    private static void requireEncryption(
            @Nullable ClientIdentity identity, Reached reached, RelayClientOptions options) throws RelayException {
        InetAddress server = reached.address();
        boolean stays = server != null && server.isLoopbackAddress();
        if (identity == null || options.allowPlainIdentity() || stays) return;
        throw new RelayOptionException(
                "tls",
                "the client " + identity.name() + " has a key, but the connection to " + reached.host()
                        + " would not be encrypted; set the option tls, or allowPlainIdentity in a trusted network",
                null);
    }

    /** Returns the stream for lines about the tunnel; null if the server has nothing to say or to hear. */
    @Nullable
    ControlStream controlStream(Driver driver) {
        boolean leased = grant.lease() != null || grant.connection() >= 0;
        boolean open = grant.port() == 0; // for OPEN and CLOSE
        return leased || open || grant.drain() ? new ControlStream(driver) : null;
    }

    /** Returns whether the server must be told of a deliberate end: it would keep the tunnel, but no other process resumes it. */
    static boolean saysBye(RelayClientOptions options) {
        return options.leaseFile() == null;
    }

    /** The session's options. With several connections, a silent one must be noticed early. */
    static SessionOptions session(RelayClientOptions options) {
        // Visitors cause the resets, not the server.
        SessionOptions.Builder session = options.session().toBuilder().streamResetLimit(1, 0);
        Duration interval = options.session().keepAliveInterval();
        boolean rare = interval.isZero() || interval.compareTo(OFTEN) > 0; // zero means never
        if (options.connections() > 1 && rare) session.keepAliveInterval(OFTEN);
        return session.build();
    }

    /** Returns the address that the tunnel has in logs: for visitors, or that of the server if each endpoint has another. */
    InetSocketAddress shownAddress() {
        return grant.port() == 0 ? server : publicAddress;
    }

    /** Returns the socket of the wire. */
    SocketChannel channel() {
        return wire.channel();
    }
}
