package org.relay4j.client;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import javax.net.ServerSocketFactory;
import org.relay4j.yamux.io.UnixSockets;

/** Opens tunnels: a program behind NAT gets a public port, and accepts its visitors or forwards them to a local service. */
public final class RelayClient {
    private RelayClient() {}

    /** Opens a public port with default options. See {@link #connect(String, int, RelayClientOptions)}. */
    public static RelayAcceptor connect(String host, int port) throws IOException {
        return connect(host, port, RelayClientOptions.defaults());
    }

    /**
     * Opens a public port whose visitors are accepted like the connections of a {@link java.net.ServerSocket}:
     *
     * <pre>{@code
     * try (RelayAcceptor acceptor = RelayClient.connect("relay.example.com", 7000)) {
     *     System.out.println("reachable at " + acceptor.publicAddress());
     *     while (true) {
     *         Socket visitor = acceptor.accept();
     *         executor.execute(() -> serve(visitor));
     *     }
     * }
     * }</pre>
     *
     * <p>Blocks until the server has assigned a port, at most for the connect timeout and the handshake timeout; twice as long if a
     * node of a cluster cannot reach its store and another one is asked ({@link RelayClientOptions.Builder#nodes}). With {@link
     * RelayClientOptions.Builder#retryFirst} it retries until the tunnel is up or the thread is interrupted. A tunnel that is lost
     * later is re-established unless {@link RelayClientOptions.Builder#reconnect} is off.
     *
     * @param host the relay server
     * @param port its control port
     * @throws org.relay4j.api.RelayUnreachableException if the server cannot be reached
     * @throws org.relay4j.api.RelayProxyException if its proxy cannot be used, or cannot reach it
     * @throws org.relay4j.api.RelayRefusedException if the server refuses to assign a port
     * @throws org.relay4j.api.RelayProtocolException if the peer is not a relay server, or does not support the options
     * @throws org.relay4j.api.RelayCertificateException if a certificate is not accepted
     * @throws org.relay4j.api.RelayOptionException if the lease file cannot be used, or a key would be used without TLS
     * @throws java.io.InterruptedIOException if the thread is interrupted; its interrupted flag stays set
     * @throws IllegalArgumentException if the port is not between 1 and 65535
     */
    public static RelayAcceptor connect(String host, int port, RelayClientOptions options) throws IOException {
        return connect(List.of(server(host, port)), options);
    }

    /**
     * Opens a public port as {@link #connect(String, int, RelayClientOptions)} does, at a server on this machine that listens for
     * clients on a Unix-domain socket. The permissions of the socket decide who may connect, so TLS and keys are not necessary.
     *
     * <p>{@link RelayAcceptor#publicAddress} then has the host {@code localhost}: visitors from elsewhere connect to a name or address
     * of this machine. With {@link RelayClientOptions#tls}, the server's certificate must be for {@code localhost}, or be pinned.
     *
     * @throws IllegalArgumentException if no socket can have this path, or there is a proxy
     */
    public static RelayAcceptor connect(UnixDomainSocketAddress server, RelayClientOptions options) throws IOException {
        return accept(List.of(server(server, options)), options);
    }

    /**
     * Opens a public port on each of several relay servers. One {@link RelayAcceptor} accepts the visitors of all of them. Blocks
     * until one server has assigned a port. The other tunnels are retried in the background with the back-off of the options, as
     * are tunnels that are lost later, while {@code accept} continues. A {@link org.relay4j.api.TunnelListener} is called
     * for each with a {@link org.relay4j.api.Tunnel} of its own.
     *
     * @param servers their control addresses, at least one; an unresolved address is resolved at each attempt
     * @throws IOException the failure of the first server if no server assigns a port; the failures of the others are suppressed
     * @throws java.io.InterruptedIOException if the thread is interrupted; its interrupted flag stays set
     * @throws IllegalArgumentException if the list is empty or names a server twice, a port is not between 1 and 65535, or there is
     *     a lease file for several servers
     */
    public static RelayAcceptor connect(List<InetSocketAddress> servers, RelayClientOptions options)
            throws IOException {
        Objects.requireNonNull(options, "options");
        if (servers.isEmpty()) throw new IllegalArgumentException("servers is empty, there must be at least one");
        Set<String> names = new HashSet<>();
        for (InetSocketAddress server : servers) {
            checkPort(server.getPort());
            String name = HostPort.text(server);
            if (!names.add(name)) throw new IllegalArgumentException("servers has " + name + " twice");
        }
        return accept(List.copyOf(servers), options);
    }

    private static RelayAcceptor accept(List<InetSocketAddress> servers, RelayClientOptions options)
            throws IOException {
        Path leaseFile = options.leaseFile();
        if (leaseFile != null) {
            if (servers.size() > 1) {
                throw new IllegalArgumentException("leaseFile is set for " + servers.size()
                        + " servers, but it keeps one lease; connect to each server with a file of its own");
            }
            LeaseFile.check(leaseFile);
        }
        if (options.proxyProtocol() != null) {
            throw new IllegalArgumentException(
                    "proxyProtocol is an option of forwarders; for an acceptor set visitorAddresses");
        }
        return RelayAcceptor.open(servers, options);
    }

    /**
     * Opens a tunnel whose endpoints are opened one by one, see {@link RelayTunnel}. At first, it has no endpoint. Blocks and
     * throws as {@link #connect(String, int, RelayClientOptions)} does. The server must use the extended protocol, as one with
     * TLS does.
     *
     * @throws IllegalArgumentException if the port is not between 1 and 65535, or {@link RelayClientOptions#publicPort} is set
     */
    public static RelayTunnel open(String host, int port, RelayClientOptions options) throws IOException {
        return open(server(host, port), options);
    }

    /**
     * Opens a tunnel as {@link #open(String, int, RelayClientOptions)} does, at a server of this machine that listens for clients on a
     * Unix-domain socket. See {@link #connect(UnixDomainSocketAddress, RelayClientOptions)}.
     *
     * @throws IllegalArgumentException if no socket can have this path, there is a proxy, or {@link RelayClientOptions#publicPort} is
     *     set
     */
    public static RelayTunnel open(UnixDomainSocketAddress server, RelayClientOptions options) throws IOException {
        return open(server(server, options), options);
    }

    private static RelayTunnel open(InetSocketAddress server, RelayClientOptions options) throws IOException {
        if (options.publicPort() != 0) {
            throw new IllegalArgumentException("publicPort is set, but the tunnel has no port of its own;"
                    + " pass Endpoint.port(" + options.publicPort() + ") to its method acceptor or forward");
        }
        if (options.leaseFile() != null) LeaseFile.check(options.leaseFile());
        return RelayTunnel.open(server, options.forSeveralEndpoints());
    }

    private static InetSocketAddress server(String host, int port) {
        Objects.requireNonNull(host, "host");
        checkPort(port);
        return InetSocketAddress.createUnresolved(host, port);
    }

    private static InetSocketAddress server(UnixDomainSocketAddress socket, RelayClientOptions options) {
        Objects.requireNonNull(socket, "server");
        Objects.requireNonNull(options, "options");
        String invalid = UnixSockets.invalid(socket.getPath());
        if (invalid != null) throw new IllegalArgumentException(UnixSockets.text(socket) + ": " + invalid);
        if (options.proxySelector() != null) {
            throw new IllegalArgumentException("there is a proxy on the way to " + UnixSockets.text(socket)
                    + ", which is on this machine; remove the proxy");
        }
        return ControlSocket.address(socket);
    }

    private static void checkPort(int port) {
        if (port < 1 || port > 65_535)
            throw new IllegalArgumentException("port is " + port + ", it must be 1 to 65535");
    }

    /**
     * Returns a factory for servers that create their server socket with one. Each server socket opens a public port as {@link
     * #connect(String, int, RelayClientOptions)} does. The factory ignores the local port, backlog and address that it is given.
     * It is safe for use by several threads.
     *
     * @throws IllegalArgumentException if the port is not between 1 and 65535, or there is a lease file, which keeps the lease of
     *     one tunnel
     */
    public static ServerSocketFactory serverSocketFactory(String host, int port, RelayClientOptions options) {
        server(host, port); // validates them
        Objects.requireNonNull(options, "options");
        if (options.leaseFile() != null) {
            throw new IllegalArgumentException("leaseFile is set for a factory, whose server sockets would share it;"
                    + " open each with RelayClient.connect and a file of its own");
        }
        return new RelayServerSocketFactory(Objects.requireNonNull(host, "host"), port, options);
    }

    /**
     * Connects to a relay server as for a tunnel, verifies its certificate if {@link RelayClientOptions#tls} is set, and closes
     * the connection after the server's first line. Use it to check the way to the server. A server of the base protocol assigns
     * a port to the connection, and takes it back at once; one of the extended protocol does not.
     *
     * <p>Blocks at most for the connect timeout and the handshake timeout.
     *
     * @return the line without its end: {@code HELLO} and words of the extended protocol, such as {@code auth} if the server requires
     *     a name, or the public port of the base protocol
     * @throws org.relay4j.api.RelayUnreachableException if the server cannot be reached
     * @throws org.relay4j.api.RelayProxyException if its proxy cannot be used, or cannot reach it
     * @throws org.relay4j.api.RelayRefusedException if the server refuses clients now
     * @throws org.relay4j.api.RelayProtocolException if the peer is not a relay server, or does not support the options
     * @throws org.relay4j.api.RelayCertificateException if the server's certificate is not accepted
     * @throws java.io.InterruptedIOException if the thread is interrupted; its interrupted flag stays set
     * @throws IllegalArgumentException if the port is not between 1 and 65535
     */
    public static String greeting(String host, int port, RelayClientOptions options) throws IOException {
        return ControlConnection.greeting(server(host, port), Objects.requireNonNull(options, "options"));
    }

    /**
     * Returns the first line of a server of this machine that listens for clients on a Unix-domain socket. Blocks and throws as {@link
     * #greeting(String, int, RelayClientOptions)} does.
     *
     * @throws IllegalArgumentException if no socket can have this path, or there is a proxy
     */
    public static String greeting(UnixDomainSocketAddress server, RelayClientOptions options) throws IOException {
        return ControlConnection.greeting(server(server, options), options);
    }

    /** Forwards visitors to a local service with default options. See {@link #forward(String, int, SocketAddress, RelayClientOptions)}. */
    public static RelayForwarder forward(String host, int port, SocketAddress local) throws IOException {
        return forward(host, port, local, RelayClientOptions.defaults());
    }

    /**
     * Opens a public port and connects each of its visitors to a service that this program can reach.
     *
     * <p>Blocks until the server has assigned a port, at most for the connect timeout and the handshake timeout; twice as long if a
     * node of a cluster cannot reach its store and another one is asked ({@link RelayClientOptions.Builder#nodes}). With {@link
     * RelayClientOptions.Builder#retryFirst} it retries until the tunnel is up or the thread is interrupted. A tunnel that is lost
     * later is re-established unless {@link RelayClientOptions.Builder#reconnect} is off.
     *
     * <p>All threads are daemon threads: a {@code main} method that has nothing else to do calls {@link RelayForwarder#awaitEnd}.
     *
     * <p>The service may listen on a Unix-domain socket. Such a socket cannot be reset: when a visitor is reset, the service
     * reads the end of the stream.
     *
     * @param host the relay server
     * @param port its control port
     * @param local the service: an {@link InetSocketAddress}, which is resolved before each connection to the server if it is
     *     unresolved, or a {@link java.net.UnixDomainSocketAddress}
     * @throws org.relay4j.api.RelayUnreachableException if the server cannot be reached
     * @throws org.relay4j.api.RelayProxyException if its proxy cannot be used, or cannot reach it
     * @throws java.net.UnknownHostException if the service's host is unknown
     * @throws org.relay4j.api.RelayRefusedException if the server refuses to assign a port
     * @throws org.relay4j.api.RelayProtocolException if the peer is not a relay server, or does not support the options
     * @throws org.relay4j.api.RelayCertificateException if a certificate is not accepted
     * @throws org.relay4j.api.RelayOptionException if the lease file cannot be used, or a key would be used without TLS
     * @throws java.io.InterruptedIOException if the thread is interrupted; its interrupted flag stays set
     * @throws IllegalArgumentException if a port is not between 1 and 65535, or the path of a socket is empty or too long
     */
    public static RelayForwarder forward(String host, int port, SocketAddress local, RelayClientOptions options)
            throws IOException {
        return forward(server(host, port), local, Objects.requireNonNull(options, "options"));
    }

    /**
     * Forwards visitors as {@link #forward(String, int, SocketAddress, RelayClientOptions)} does, at a server of this machine that
     * listens for clients on a Unix-domain socket. See {@link #connect(UnixDomainSocketAddress, RelayClientOptions)}.
     *
     * @throws IllegalArgumentException if no socket can have one of these paths, or there is a proxy
     */
    public static RelayForwarder forward(
            UnixDomainSocketAddress server, SocketAddress local, RelayClientOptions options) throws IOException {
        return forward(server(server, options), local, options);
    }

    private static RelayForwarder forward(InetSocketAddress server, SocketAddress local, RelayClientOptions options)
            throws IOException {
        Objects.requireNonNull(local, "local");
        LocalService.check(local);
        if (options.leaseFile() != null) LeaseFile.check(options.leaseFile());
        return RelayForwarder.start(server, local, options);
    }
}
