package org.relay4j.client;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Tunnel;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.io.Driver;

/** Reports the visitors of a service. With the session's lock held. */
final class Visits {
    private final TunnelEvents events;
    private final @Nullable OpenVisitors open; // null: those of the service are those of the tunnel
    private volatile @Nullable Tunnel shown; // to the listener; null means the tunnel

    /** Creates the visits of the only service of a tunnel. */
    Visits(TunnelEvents events) {
        this.events = events;
        open = null;
    }

    /** @param open counts the visitors of this service */
    Visits(TunnelEvents events, OpenVisitors open) {
        this.events = events;
        this.open = open;
    }

    /** Sets the acceptor or forwarder that the listener receives. */
    void show(Tunnel newShown) {
        shown = newShown;
    }

    @Nullable
    Tunnel shown() {
        return shown;
    }

    /**
     * A visitor was accepted, or is being connected to the local service.
     *
     * @param header of its stream; null if it has none
     * @param reset ends the visitor; run by the driver, without the lock
     */
    void accepted(Driver driver, MuxStream stream, @Nullable ProxyHeader header, Runnable reset) {
        if (open != null) open.add(driver, stream, reset);
        events.visitorAccepted(shown, stream, header);
    }

    /** An accepted visitor has left. The cause, null if it left gracefully, is computed only if it is needed. */
    void closed(MuxStream stream, @Nullable ProxyHeader header, Supplier<@Nullable Throwable> cause) {
        if (open != null) open.remove(stream);
        events.visitorClosed(shown, stream, header, cause);
    }
}
