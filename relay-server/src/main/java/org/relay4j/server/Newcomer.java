package org.relay4j.server;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.Sockets;

/**
 * A client that has just connected.
 *
 * @param channel configured
 * @param address where it connects from, perhaps from the header of a load balancer
 * @param read the first bytes that it has sent, if they were read already; null if none were
 */
record Newcomer(
        SocketChannel channel,
        InetSocketAddress address,
        @Nullable ByteBuffer read) {
    /** Returns what counts as one address. */
    InetAddress site() {
        return Sockets.site(address.getAddress());
    }
}
