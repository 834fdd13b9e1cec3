package org.relay4j.benchmarks.cluster;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;

/** Addresses of this machine: Linux has all of 127.0.0.0/8. */
final class Loopback {
    private static final int NODES = 127 << 24 | 1 << 8; // 127.0.1.0

    private Loopback() {}

    static InetAddress address(int bits) {
        try {
            return InetAddress.getByAddress(ByteBuffer.allocate(4).putInt(bits).array());
        } catch (UnknownHostException e) {
            throw new IllegalStateException(e); // 4 bytes are always an address
        }
    }

    /** Returns the address of a node, which are counted from 1. */
    static InetAddress node(int number) {
        return address(NODES + number);
    }
}
