package org.relay4j.spring;

import org.springframework.context.SmartLifecycle;

/**
 * Waits, after the web server has stopped, until the last visitors have what it sent them. Nearly the last to stop of all,
 * since not every web server closes its connections as it stops: Netty's may be left to its event loops, which end later.
 */
final class TunnelFarewell implements SmartLifecycle {
    private static final int PHASE = Integer.MIN_VALUE + 1024;

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
