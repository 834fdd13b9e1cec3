package org.relay4j.spring;

import java.net.InetSocketAddress;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;

/**
 * The health of the tunnel: up with its public address; down with the cause of its loss, or while the first connection is
 * tried; unknown before the web server runs. Never blocks.
 */
final class RelayHealthIndicator implements HealthIndicator {
    private final WebTunnel tunnel;

    RelayHealthIndicator(WebTunnel tunnel) {
        this.tunnel = tunnel;
    }

    @Override
    public Health health() {
        Health.Builder health = new Health.Builder().withDetail("server", text(tunnel.serverAddress()));
        if (!tunnel.wasOpened()) {
            if (!tunnel.isConnecting()) return health.unknown().build();
            return health.down().withDetail("reason", "not connected yet").build();
        }
        if (tunnel.isOpen()) {
            return health.up()
                    .withDetail("publicAddress", text(tunnel.publicAddress()))
                    .build();
        }
        Throwable cause = tunnel.cause();
        // The listener is notified a moment after the loss, and a tunnel that was closed has no cause.
        return cause == null ? health.down().build() : health.down(cause).build();
    }

    private static String text(InetSocketAddress address) {
        return address.getHostString() + ":" + address.getPort();
    }
}
