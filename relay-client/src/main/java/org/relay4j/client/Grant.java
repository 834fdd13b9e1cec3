package org.relay4j.client;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The grant of a server for a connection.
 *
 * @param port the public port; 0 if the tunnel has endpoints that are opened one by one
 * @param site the address for visitors, as the server states it; null if it is the port at the host that the client knows
 * @param leased the lease; null if there is none
 * @param connection the number of this connection of the tunnel; -1 if the tunnel has only one
 * @param offers what else the server can do
 */
record Grant(int port, @Nullable String site, @Nullable Leased leased, int connection, Offers offers) {
    /**
     * What a server can do.
     *
     * @param drain it announces its shutdown
     * @param seen it understands {@code SEEN}
     * @param clustered it is a node of a cluster, whose other nodes know the tunnel, too
     */
    record Offers(boolean drain, boolean seen, boolean clustered) {
        static final Offers NONE = new Offers(false, false, false);
    }

    /**
     * A lease.
     *
     * @param word the secret that lets the client resume the tunnel
     * @param ttl how long the server keeps the tunnel without a connection
     */
    record Leased(String word, Duration ttl) {
        /** Never shows the secret. */
        @Override
        public String toString() {
            return "a lease for " + ttl;
        }
    }

    /** Creates a grant without a lease. */
    static Grant of(int port) {
        return new Grant(port, null, null, -1, Offers.NONE);
    }

    /** Returns whether the server announces its shutdown. */
    boolean drain() {
        return offers.drain();
    }

    /** Returns whether the server understands {@code SEEN}. */
    boolean seen() {
        return offers.seen();
    }

    /** Returns whether other servers know the tunnel, too. */
    boolean clustered() {
        return offers.clustered();
    }

    /** Returns the secret that lets the client resume the tunnel; null if there is none. */
    @Nullable
    String lease() {
        return leased == null ? null : leased.word();
    }

    /** Returns how long the server keeps the tunnel without a connection; zero without a lease. */
    Duration ttl() {
        return leased == null ? Duration.ZERO : leased.ttl();
    }

    /** Never shows the lease. */
    @Override
    public String toString() {
        return "Grant[" + port + (leased == null ? "]" : ", with " + leased + "]");
    }
}
