package org.relay4j.server;

/**
 * The state of a tunnel, and the transitions between its states. A plain object: {@link ServerTunnel} and {@link TunnelEnding} do what a
 * transition means. Changed on the tunnel's loop, read from any thread.
 */
final class TunnelLifecycle {
    /*
     *   CLAIMED --> SERVED <--> HELD
     *      |          |          |
     *      +----------+----------+--> CLOSED
     *
     * A tunnel from the last process goes from CLAIMED to HELD. Without a lease, CLOSED follows SERVED directly.
     */
    private enum State {
        /** Its client does not know yet that it has the tunnel. */
        CLAIMED,
        /** A connection accepts visitors. */
        SERVED,
        /** None does and the lease is valid: the endpoints stay open. */
        HELD,
        /** The endpoints were given back. Visitors may still be finishing. */
        CLOSED
    }

    private volatile State state = State.CLAIMED; // written on the tunnel's loop
    private volatile boolean established; // the client has answered; written on the tunnel's loop
    private volatile boolean leaving; // ends with its last connection, even with a lease; written on the tunnel's loop

    /** Returns true until its client has its answer. */
    boolean isClaimed() {
        return state == State.CLAIMED;
    }

    /** Returns true while a connection accepts visitors. */
    boolean isServed() {
        return state == State.SERVED;
    }

    /** Returns true while the tunnel waits for its client to return. */
    boolean isHeld() {
        return state == State.HELD;
    }

    /** Returns true once the endpoints were given back. */
    boolean isClosed() {
        return state == State.CLOSED;
    }

    /** Returns true while visitors wait for a connection. */
    boolean isWaiting() {
        return isClaimed() || isHeld();
    }

    /** Returns whether its client has ever answered. */
    boolean isEstablished() {
        return established;
    }

    /** Returns whether it ends with its last connection. */
    boolean isLeaving() {
        return leaving;
    }

    /** A connection accepts visitors. */
    void serve() {
        state = State.SERVED;
    }

    /** No connection accepts visitors, and the client may return. */
    void hold() {
        state = State.HELD;
    }

    /** The client has answered. Returns false if it has answered before. */
    boolean establish() {
        if (established) return false;
        established = true;
        return true;
    }

    /** The tunnel ends with its last connection. Returns false if it does already, or has ended. */
    boolean leave() {
        if (leaving || isClosed()) return false;
        leaving = true;
        return true;
    }

    /** The tunnel ends now. */
    void abort() {
        leaving = true;
    }

    /** The endpoints are given back. This state is final. */
    void close() {
        state = State.CLOSED;
    }
}
