package org.relay4j.server;

import org.relay4j.yamux.io.Bounds;

/** Public ports from {@code lowest} to {@code highest}, both included. */
record PortRange(int lowest, int highest) {
    PortRange {
        Bounds.range("lowest port", lowest, 1, 65_535);
        Bounds.range("highest port", highest, lowest, 65_535);
    }

    boolean contains(int port) {
        return port >= lowest && port <= highest;
    }

    boolean isSingle() {
        return lowest == highest;
    }

    @Override
    public String toString() {
        return isSingle() ? String.valueOf(lowest) : lowest + "-" + highest;
    }
}
