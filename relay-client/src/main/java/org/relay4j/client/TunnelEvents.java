package org.relay4j.client;

import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Calls the owner of a tunnel, whose failures are its own. */
final class TunnelEvents {
    private static final Logger log = LoggerFactory.getLogger(TunnelEvents.class);

    private TunnelEvents() {}

    /** The public address, as a person would write it. */
    static String name(Tunnel tunnel) {
        return text(tunnel.publicAddress());
    }

    static String text(InetSocketAddress address) {
        return address.getHostString() + ":" + address.getPort();
    }

    static void up(@Nullable TunnelListener listener, Tunnel tunnel) {
        if (listener == null) return;
        try {
            listener.up(tunnel);
        } catch (RuntimeException | Error e) {
            log.error("the tunnel listener has failed", e);
        }
    }

    static void down(@Nullable TunnelListener listener, Tunnel tunnel, @Nullable Throwable cause, boolean willRetry) {
        if (listener == null) return;
        try {
            listener.down(tunnel, cause, willRetry);
        } catch (RuntimeException | Error e) {
            log.error("the tunnel listener has failed", e);
        }
    }

    /** The tunnel was closed by its owner. */
    static void closed(@Nullable TunnelListener listener, Tunnel tunnel) {
        log.info("tunnel {}: closed", name(tunnel));
        down(listener, tunnel, null, false);
    }
}
