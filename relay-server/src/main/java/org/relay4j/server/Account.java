package org.relay4j.server;

/** The totals of one tunnel, or of one client name. Guarded by the lock of {@link Tunnels}. */
final class Account {
    long tunnels; // established since the start
    boolean named; // of a tunnel: whether it counts in the account of its name
    int open; // tunnels now, established or not
    long visitors; // of ended tunnels
    long bytesIn; // of ended connections
    long bytesOut; // of ended connections

    Account copy() {
        Account copy = new Account();
        copy.tunnels = tunnels;
        copy.open = open;
        copy.visitors = visitors;
        copy.bytesIn = bytesIn;
        copy.bytesOut = bytesOut;
        return copy;
    }
}
