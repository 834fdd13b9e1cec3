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
 * Opens the tunnel when the web server runs, and begins to close it before that stops.
 *
 * <p>Which visitors are idle, and which wait for a reply, only the web server knows: with connections that are kept alive, to
 * wait here until all have left would take the whole time each time. So stopping has three steps, the second of which is Spring
 * Boot's: the public port closes; the web server finishes its requests and closes its connections; {@link TunnelFarewell}
 * waits until what it has sent has left through the tunnel.
 */
final class TunnelLifecycle implements SmartLifecycle {
    private static final Logger log = LoggerFactory.getLogger(TunnelLifecycle.class);

    /** Starts after the web server, and stops before its graceful shutdown. */
    private static final int PHASE = WebServerApplicationContext.GRACEFUL_SHUTDOWN_PHASE + 512;

    private final WebTunnel tunnel;
    private final ApplicationContext context;
    private final @Nullable InetAddress address; // that the web server is bound to; null for all
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
            log.info("no web server listens here, so there is no tunnel to it");
            return;
        }
        InetAddress local = address == null || address.isAnyLocalAddress() ? InetAddress.getLoopbackAddress() : address;
        tunnel.open(new InetSocketAddress(local, port));
        running = true;
    }

    /** The port of this context's own web server: that of the management endpoints is in another context. */
    private int webServerPort() {
        if (!(context instanceof WebServerApplicationContext web))
            return -1; // such as a test's with a mock environment
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
