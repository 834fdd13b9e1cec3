package org.relay4j.client;

import java.net.InetSocketAddress;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Tunnel;
import org.relay4j.api.TunnelListener;
import org.relay4j.yamux.Session;
import org.relay4j.yamux.SessionException;
import org.relay4j.yamux.SessionListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells the owner of an acceptor what happens to its tunnel, in order: up, then down. */
final class TunnelEvents implements SessionListener {
    private static final Logger log = LoggerFactory.getLogger(TunnelEvents.class);

    private final @Nullable TunnelListener listener;
    private final CountDownLatch up = new CountDownLatch(1);
    private volatile @Nullable Tunnel tunnel;

    TunnelEvents(@Nullable TunnelListener listener) {
        this.listener = listener;
    }

    void up(Tunnel newTunnel) {
        log.info("tunnel {}: up", name(newTunnel));
        tunnel = newTunnel;
        up(listener, newTunnel);
        up.countDown();
    }

    @Override
    public void ended(Session session, SessionException cause) {
        try {
            up.await(); // it may end before its owner has been told that it stands
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return;
        }
        Tunnel ended = tunnel;
        if (ended == null) return;
        boolean closedHere = cause.reason() == SessionException.Reason.CLOSED_LOCALLY;
        if (closedHere) log.info("tunnel {}: closed", name(ended));
        else log.warn("tunnel {}: lost, {}", name(ended), cause.getMessage());
        down(listener, ended, closedHere ? null : cause, false);
    }

    /** There will be no tunnel: nobody waits for it. */
    void abandon() {
        up.countDown();
    }

    /** The public address, as a person would write it. */
    static String name(Tunnel tunnel) {
        return text(tunnel.publicAddress());
    }

    static String text(InetSocketAddress address) {
        return address.getHostString() + ":" + address.getPort();
    }

    /** Calls a listener, whose failures are its own. */
    static void up(@Nullable TunnelListener listener, Tunnel tunnel) {
        if (listener == null) return;
        try {
            listener.up(tunnel);
        } catch (RuntimeException | Error e) {
            log.error("the tunnel listener has failed", e);
        }
    }

    /** Calls a listener, whose failures are its own. */
    static void down(@Nullable TunnelListener listener, Tunnel tunnel, @Nullable Throwable cause, boolean willRetry) {
        if (listener == null) return;
        try {
            listener.down(tunnel, cause, willRetry);
        } catch (RuntimeException | Error e) {
            log.error("the tunnel listener has failed", e);
        }
    }
}
