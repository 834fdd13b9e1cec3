package org.relay4j.spring;

import org.springframework.context.SmartLifecycle;

/**
 * Waits until the tunnel is closed, after the web server has stopped: the last visitors then have everything that was sent to
 * them. Stops after nearly everything else, because some web servers close their connections late: Netty leaves that to its event
 * loops, which end later.
 */
final class TunnelClosing implements SmartLifecycle {
    private static final int PHASE = Integer.MIN_VALUE + 1024;

    private final WebTunnel tunnel;

    TunnelClosing(WebTunnel tunnel) {
        this.tunnel = tunnel;
    }

    @Override
    public void start() {}

    @Override
    public void stop() {}

    @Override
    public void stop(Runnable callback) {
        tunnel.whenClosed(callback);
    }

    /** Always true, so that {@link #stop(Runnable)} is always called. It waits only if the tunnel is being closed. */
    @Override
    public boolean isRunning() {
        return true;
    }

    @Override
    public int getPhase() {
        return PHASE;
    }
}
