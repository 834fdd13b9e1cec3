package org.relay4j.cli.admin;

import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Tunnel;
import org.relay4j.server.RelayServer;
import org.relay4j.yamux.io.Listener;
import org.relay4j.yamux.io.SocketFile;
import org.relay4j.yamux.io.Sockets;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The HTTP server of an admin address. Safe for use by several threads. */
public final class AdminServer implements AutoCloseable {
    /*
     * The HTTP server of the JDK cannot listen on a Unix-domain socket, and neither can that of Apache HttpCore 5. That of Jetty 12
     * can, but makes relay.jar 2.3 MB (66 %) larger, and takes 0.9 s of CPU to start. The listeners and the loop of the relay itself
     * can, too, and bound connections, memory and time. So they transfer the bytes, and the parser and the writer of HttpCore make
     * HTTP of them: 0.4 MB, and no more CPU at the start than with the server of the JDK. A connection carries one request, whose
     * body is not needed.
     */
    private static final Logger log = LoggerFactory.getLogger(AdminServer.class);

    private final AdminPort port;
    private final AdminHandler handler;

    private AdminServer(AdminHandler handler, AdminPort.Opening opening) throws IOException {
        this.handler = handler;
        port = AdminPort.open(handler, opening);
    }

    /**
     * Binds an address and answers requests. Until {@code serve} is called, the process is not ready.
     *
     * @param token the secret of its users; null if everybody who can connect may read, which only a loopback address permits
     * @throws BindException if the address cannot be bound
     * @throws IllegalArgumentException if there is no token and the address is not a loopback address
     */
    public static AdminServer open(InetSocketAddress address, @Nullable AdminToken token, AdminProcess process)
            throws IOException {
        if (token == null && !address.getAddress().isLoopbackAddress()) {
            throw new IllegalArgumentException("without a token, the admin address must be a loopback address");
        }
        AdminServer server =
                new AdminServer(handler(token, process), (loop, owner) -> Listener.open(loop, address, owner));
        log.info("admin address: http://{}/", Sockets.text(server.address()));
        return server;
    }

    /**
     * Creates a Unix-domain socket and answers requests, as {@link #open(InetSocketAddress, AdminToken, AdminProcess)} does.
     *
     * @param access who may connect
     * @param token the secret of its users; null if everybody who can connect may read, and may shut the process down
     * @throws BindException if the socket cannot be created; the message has the path and the remedy
     */
    public static AdminServer open(
            Path path, SocketFile.Access access, @Nullable AdminToken token, AdminProcess process) throws IOException {
        AdminServer server =
                new AdminServer(handler(token, process), (loop, owner) -> Listener.open(loop, path, access, owner));
        log.info("admin address: {}", server.port.text());
        return server;
    }

    private static AdminHandler handler(@Nullable AdminToken token, AdminProcess process) {
        return new AdminHandler(process, new Gatekeeper(token, new Attempts(System::nanoTime)));
    }

    /** Returns the bound address. For a Unix-domain socket, it is a loopback address with port 0. */
    public InetSocketAddress address() {
        return port.address();
    }

    /** Shows a server that has started. */
    public void serve(RelayServer server) {
        handler.serve(new ServerSource(server));
    }

    /**
     * Shows a forwarder that has started.
     *
     * @param name the name that it proves; null without one
     * @param local the local service
     */
    public void serve(Tunnel forwarder, @Nullable String name, InetSocketAddress local) {
        handler.serve(new ForwarderSource(forwarder, name, local));
    }

    /**
     * Shows a forwarder with several services that has started.
     *
     * @param name the name that it proves; null without one
     * @param services its present services; called for each request
     */
    public void serve(Tunnel tunnel, @Nullable String name, Supplier<List<ForwardedService>> services) {
        handler.serve(new ForwarderSource(tunnel, name, services));
    }

    /** Shows a source, for tests. */
    void serve(AdminSource source) {
        handler.serve(source);
    }

    /**
     * Closes the address and its connections. Blocks until answers in progress are sent and their clients have closed, at most about
     * two seconds. Answers that take longer than one are cut off.
     */
    @Override
    public void close() {
        port.close();
    }
}
