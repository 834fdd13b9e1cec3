package org.relay4j.conformance;

import java.io.IOException;
import java.net.Socket;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * An endpoint that is known to be there: the connection that showed it is the one of the first case, since an endpoint may
 * not like a connection on which nothing is said. For one thread.
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
