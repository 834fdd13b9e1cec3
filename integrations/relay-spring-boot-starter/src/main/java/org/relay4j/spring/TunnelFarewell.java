package org.relay4j.spring;

import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.SmartLifecycle;

/** Waits, after the web server has stopped, until the last visitors have what it sent them. */
final class TunnelFarewell implements SmartLifecycle {
    /** Stops after the web server. */
    static final int PHASE = WebServerApplicationContext.START_STOP_LIFECYCLE_PHASE - 512;

    private final WebTunnel tunnel;
    private volatile boolean running;

    TunnelFarewell(WebTunnel tunnel) {
        this.tunnel = tunnel;
    }

    @Override
    public void start() {
        running = true;
    }

    @Override
    public void stop() {
        running = false;
    }

    @Override
    public void stop(Runnable callback) {
        stop();
        tunnel.whenClosed(callback);
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
