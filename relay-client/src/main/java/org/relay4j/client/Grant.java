package org.relay4j.client;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The grant of a server for a connection.
 *
 * @param port the public port; 0 if the tunnel has endpoints that are opened one by one
 * @param lease the secret that lets the client resume the tunnel; null if there is none
 * @param ttl how long the server keeps the tunnel without a connection; zero without a lease
 * @param connection the number of this connection of the tunnel; -1 if the tunnel has only one
 * @param drain whether the server announces its shutdown
 */
record Grant(int port, @Nullable String lease, Duration ttl, int connection, boolean drain) {
    /** Creates a grant without a lease. */
    static Grant of(int port) {
        return new Grant(port, null, Duration.ZERO, -1, false);
    }

    /** Never shows the lease. */
    @Override
    public String toString() {
        return "Grant[" + port + (lease == null ? "]" : ", with a lease for " + ttl + "]");
    }
}
