package org.relay4j.client;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What a server has granted to a connection.
 *
 * @param port the public port
 * @param lease the secret that lets the client come back to the tunnel; null if there is none
 * @param ttl how long the server keeps the tunnel after it has lost its connection; zero without a lease
 * @param connection the number of this connection of the tunnel; -1 if the tunnel has only one
 */
record Grant(int port, @Nullable String lease, Duration ttl, int connection) {
    /** Without a lease. */
    static Grant of(int port) {
        return new Grant(port, null, Duration.ZERO, -1);
    }

    /** Never shows the lease. */
    @Override
    public String toString() {
        return "Grant[" + port + (lease == null ? "]" : ", with a lease for " + ttl + "]");
    }
}
