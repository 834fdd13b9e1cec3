package org.relay4j.conformance;

import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * An endpoint that is known to be reachable. The connection of the reachability check is used for the first case,
 * because an endpoint may not tolerate a connection without traffic. Not thread-safe.
 */
final class FirstConnection implements Endpoint {
    private final Endpoint endpoint;
    private @Nullable Socket first;

    FirstConnection(Endpoint endpoint) {
        this.endpoint = endpoint;
    }

    /** Waits for the endpoint. */
    void await(Duration patience) throws IOException {
        first = endpoint.connect(patience);
    }

    @Override
    public Socket connect(Duration patience) throws IOException {
        Socket socket = first;
        first = null;
        return socket == null ? endpoint.connect(patience) : socket;
    }

    @Override
    public String name() {
        return endpoint.name();
    }

    @Override
    public void close() throws IOException {
        endpoint.close();
    }
}
