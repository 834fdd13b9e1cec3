package org.relay4j.client;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import javax.net.ServerSocketFactory;

/** Where a program behind NAT gets a public port: to accept its visitors itself, or to have them forwarded. */
public final class RelayClient {
    private RelayClient() {}

    /** Gets a public port with default options. See {@link #connect(String, int, RelayClientOptions)}. */
    public static RelayAcceptor connect(String host, int port) throws IOException {
        return connect(host, port, RelayClientOptions.defaults());
    }

    /**
     * Gets a public port, whose visitors are accepted like the connections of a {@link java.net.ServerSocket}:
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
     * <p>Blocks until the server has given a port: for the connect timeout for each address of the host, and the handshake
     * timeout, at most. With {@link RelayClientOptions.Builder#retryFirst} it tries again until the tunnel is up or the thread is
     * interrupted. A tunnel that is lost later is re-established, unless the options say otherwise.
     *
     * @param host the relay server
     * @param port its control port
     * @throws org.relay4j.api.RelayUnreachableException when the server cannot be reached
     * @throws org.relay4j.api.RelayRefusedException when it gives no port
     * @throws org.relay4j.api.RelayProtocolException when it is no relay server
     * @throws IllegalArgumentException when the port is not 1 to 65535
     */
    public static RelayAcceptor connect(String host, int port, RelayClientOptions options) throws IOException {
        return connect(List.of(server(host, port)), options);
    }

    /**
     * Gets a public port on each of several relay servers, whose visitors are all accepted from one {@link RelayAcceptor}. Blocks
     * until one of them has given a port. The others go on trying in the background, with the pauses of the options, and so does
     * one that is lost later: {@code accept} does not notice. A {@link org.relay4j.api.TunnelListener} is told of each, with a
     * {@link org.relay4j.api.Tunnel} of its own.
     *
     * @param servers their control addresses, at least one; an unresolved address is resolved at each attempt
     * @throws IOException the failure of the first server when none gives a port, with those of the others suppressed
     * @throws java.io.InterruptedIOException when the thread was interrupted; its flag stays set
     * @throws IllegalArgumentException when there is no server, the same one twice, or a port is not 1 to 65535
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
        return RelayAcceptor.open(List.copyOf(servers), options);
    }

    private static InetSocketAddress server(String host, int port) {
        Objects.requireNonNull(host, "host");
        checkPort(port);
        return InetSocketAddress.createUnresolved(host, port);
    }

    private static void checkPort(int port) {
        if (port < 1 || port > 65_535)
            throw new IllegalArgumentException("port is " + port + ", it must be 1 to 65535");
    }

    /**
     * For servers that take a factory: gets a public port, as {@link #connect(String, int, RelayClientOptions)} does, whenever
     * a server socket is asked for. The local port, backlog and address that are asked for mean nothing. The factory is safe
     * for use by several threads.
     */
    public static ServerSocketFactory serverSocketFactory(String host, int port, RelayClientOptions options) {
        server(host, port); // checks them
        return new RelayServerSocketFactory(
                Objects.requireNonNull(host, "host"), port, Objects.requireNonNull(options, "options"));
    }

    /** Has visitors forwarded, with default options. See {@link #forward(String, int, InetSocketAddress, RelayClientOptions)}. */
    public static RelayForwarder forward(String host, int port, InetSocketAddress local) throws IOException {
        return forward(host, port, local, RelayClientOptions.defaults());
    }

    /**
     * Gets a public port, and connects each of its visitors to a service that this program can reach.
     *
     * <p>Blocks until the server has given a port: for the connect timeout for each address of the host, and the handshake
     * timeout, at most. With {@link RelayClientOptions.Builder#retryFirst} it tries again until the tunnel is up or the thread is
     * interrupted. A tunnel that is lost later is re-established, unless the options say otherwise.
     *
     * <p>All threads are daemon threads: a {@code main} that has nothing else to do ends with {@link RelayForwarder#awaitEnd}.
     *
     * @param host the relay server
     * @param port its control port
     * @param local the service; an unresolved address is resolved before each connection to the server
     * @throws org.relay4j.api.RelayUnreachableException when the server cannot be reached
     * @throws java.net.UnknownHostException when the service's host is unknown
     * @throws org.relay4j.api.RelayRefusedException when the server gives no port
     * @throws org.relay4j.api.RelayProtocolException when it is no relay server
     * @throws IllegalArgumentException when a port is not 1 to 65535
     */
    public static RelayForwarder forward(String host, int port, InetSocketAddress local, RelayClientOptions options)
            throws IOException {
        InetSocketAddress server = server(host, port);
        Objects.requireNonNull(local, "local");
        Objects.requireNonNull(options, "options");
        if (local.getPort() == 0) throw new IllegalArgumentException("local port is 0, it must be 1 to 65535");
        return RelayForwarder.start(server, local, options);
    }
}
