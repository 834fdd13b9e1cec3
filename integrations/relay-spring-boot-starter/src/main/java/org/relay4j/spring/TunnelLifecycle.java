package org.relay4j.spring;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.web.server.WebServer;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ApplicationContext;
import org.springframework.context.SmartLifecycle;

/**
 * Opens the tunnel after the web server has started, and begins to close it before the web server stops.
 *
 * <p>Only the web server knows which visitors are idle and which wait for a reply. With keep-alive connections, waiting here for
 * all visitors to leave would always take the whole timeout. So stopping has three steps:
 *
 * <ol>
 *   <li>the public port closes;
 *   <li>the web server finishes its requests and closes its connections (Spring Boot's graceful shutdown);
 *   <li>{@link TunnelClosing} waits until everything that was sent has left through the tunnel.
 * </ol>
 */
final class TunnelLifecycle implements SmartLifecycle {
    private static final Logger log = LoggerFactory.getLogger(TunnelLifecycle.class);

    /** Starts after the web server, and stops before its graceful shutdown. */
    private static final int PHASE = WebServerApplicationContext.GRACEFUL_SHUTDOWN_PHASE + 512;

    private final WebTunnel tunnel;
    private final ApplicationContext context;
    private final @Nullable InetAddress address; // of the web server; null if it listens on all addresses
    private final Duration closeTimeout;
    private volatile boolean running;

    TunnelLifecycle(
            WebTunnel tunnel, ApplicationContext context, @Nullable InetAddress address, Duration closeTimeout) {
        this.tunnel = tunnel;
        this.context = context;
        this.address = address;
        this.closeTimeout = closeTimeout;
    }

    @Override
    public void start() {
        int port = webServerPort();
        if (port <= 0) {
            log.info("no tunnel: this application has no web server that listens on a port");
            return;
        }
        InetAddress local = address == null || address.isAnyLocalAddress() ? InetAddress.getLoopbackAddress() : address;
        tunnel.open(new InetSocketAddress(local, port));
        running = true;
    }

    /** Returns the port of this context's own web server. That of the management endpoints is in another context. */
    private int webServerPort() {
        if (!(context instanceof WebServerApplicationContext web))
            return -1; // for example a test with a mock environment
        WebServer server = web.getWebServer();
        return server == null ? -1 : server.getPort();
    }

    @Override
    public void stop() {
        running = false;
        tunnel.startClosing(closeTimeout);
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    @Override
    public int getPhase() {
        return PHASE;
    }
}
