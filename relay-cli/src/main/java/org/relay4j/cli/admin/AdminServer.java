package org.relay4j.cli.admin;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Tunnel;
import org.relay4j.server.RelayServer;
import org.relay4j.yamux.io.Sockets;
import org.relay4j.yamux.io.Threads;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The HTTP server of an admin address. Safe for use by several threads. */
public final class AdminServer implements AutoCloseable {
    /*
     * The HTTP server of the JDK reads a request on a thread of its executor, so a slow one occupies a thread until its time is up.
     * Connections, threads and times are bounded; beyond them, connections are closed at once. The bounds are system properties,
     * which the JDK reads when its first HTTP server is made. A property that the user has set wins.
     */
    private static final Logger log = LoggerFactory.getLogger(AdminServer.class);
    private static final int THREADS = 16;
    private static final long IDLE_SECONDS = 10;
    private static final Map<String, String> LIMITS = Map.of(
            "jdk.httpserver.maxConnections", "64",
            "sun.net.httpserver.maxIdleConnections", "16",
            "sun.net.httpserver.idleInterval", "30", // s
            "sun.net.httpserver.maxReqTime", "5", // s
            "sun.net.httpserver.maxRspTime", "10", // s
            "sun.net.httpserver.maxReqHeaders", "50",
            "sun.net.httpserver.maxReqHeaderSize", "16384", // bytes
            "sun.net.httpserver.drainAmount", "4096", // bytes of a request that nobody reads
            "sun.net.httpserver.nodelay", "true");

    private final HttpServer http;
    private final ThreadPoolExecutor threads;
    private final AdminHandler handler;

    private AdminServer(HttpServer http, ThreadPoolExecutor threads, AdminHandler handler) {
        this.http = http;
        this.threads = threads;
        this.handler = handler;
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
        LIMITS.forEach((name, value) -> {
            if (System.getProperty(name) == null) System.setProperty(name, value);
        });
        HttpServer http = HttpServer.create(address, 0);
        ThreadPoolExecutor threads = new ThreadPoolExecutor(
                0, THREADS, IDLE_SECONDS, TimeUnit.SECONDS, new SynchronousQueue<>(), Threads.factory("relay-admin"));
        Gatekeeper gatekeeper = new Gatekeeper(token, new Attempts(System::nanoTime));
        AdminHandler handler = new AdminHandler(process, gatekeeper);
        http.createContext("/", handler);
        http.setExecutor(threads);
        http.start();
        AdminServer server = new AdminServer(http, threads, handler);
        log.info("admin address: http://{}/", Sockets.text(server.address()));
        return server;
    }

    /** Returns the bound address. */
    public InetSocketAddress address() {
        return http.getAddress();
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

    /** Closes the address and its connections. Does not block. */
    @Override
    public void close() {
        http.stop(0);
        threads.shutdown();
    }
}
