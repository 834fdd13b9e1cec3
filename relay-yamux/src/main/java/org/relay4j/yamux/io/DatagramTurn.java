package org.relay4j.yamux.io;

/**
 * The datagrams that the streams of one session may pass on in one pass of the loop. Each is a system call, and one read of a
 * session may bring more than 100,000 tiny ones: without a limit, all others of the loop would wait. Confined to the loop.
 */
final class DatagramTurn {
    static final int MOST = 2_048; // datagrams

    private final Loop loop;
    private long pass; // ns; start of the pass to which the count belongs
    private int left; // datagrams

    DatagramTurn(Loop loop) {
        this.loop = loop;
    }

    /** Returns whether one more datagram may be passed on in this pass, and counts it. */
    boolean take() {
        long now = loop.now();
        if (now != pass) {
            pass = now;
            left = MOST;
        }
        if (left == 0) return false;
        left--;
        return true;
    }
}
