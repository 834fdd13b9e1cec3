package org.relay4j.server;

import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.proxy.ProxyHeader;

/**
 * A visitor that an endpoint has accepted. Nothing was read from it yet, except for a header of a load balancer, and the bytes that say
 * its host name.
 *
 * @param address where it connects from
 * @param proxied the header of the load balancer through which it connects; null for a direct connection
 * @param read its first bytes, if it has a host name; null for a visitor of a port
 */
record Arrival(
        SocketChannel channel,
        InetSocketAddress address,
        @Nullable ProxyHeader proxied,
        @Nullable ByteBuffer read) {
    /** Returns whether the channel may be registered with the loop that has read it. */
    boolean wasRead() {
        return proxied != null || read != null;
    }
}
