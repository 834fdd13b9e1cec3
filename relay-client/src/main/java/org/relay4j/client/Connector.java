package org.relay4j.client;

import java.io.IOException;

/** Opens the connections of a tunnel. */
interface Connector {
    /**
     * Blocks until the server has granted the tunnel. Then visitors are reported to {@code events}.
     *
     * @param opening where to connect
     */
    TunnelConnection connect(Opening opening, TunnelEvents events) throws IOException;

    /** Opens the connection to the server, for a tunnel or for another connection of it. */
    interface Opening {
        /** Blocks as {@link ControlConnection#over} does, and for the connect timeout. */
        ControlConnection open() throws IOException;
    }

    /** Returns a connector of a tunnel with this service. */
    static Connector to(Service service, RelayClientOptions options) {
        return (opening, events) -> {
            service.prepare(); // before the request to the server
            return ServiceConnection.start(opening.open(), events, options, service);
        };
    }
}
