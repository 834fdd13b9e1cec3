package org.relay4j.client;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.yamux.core.MuxStream;
import org.relay4j.yamux.io.Driver;

/** Reports the visitors of a service. With the session's lock held. */
final class Visits {
    private final TunnelEvents events;

    Visits(TunnelEvents events) {
        this.events = events;
    }

    /**
     * A visitor was accepted, or is being connected to the local service.
     *
     * @param header of its stream; null if it has none
     */
    void accepted(Driver driver, MuxStream stream, @Nullable ProxyHeader header) {
        events.visitorAccepted(stream, header);
    }

    /** An accepted visitor has left. The cause, null if it left gracefully, is computed only if it is needed. */
    void closed(MuxStream stream, @Nullable ProxyHeader header, Supplier<@Nullable Throwable> cause) {
        events.visitorClosed(stream, header, cause);
    }
}
