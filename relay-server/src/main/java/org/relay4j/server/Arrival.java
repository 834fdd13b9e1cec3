package org.relay4j.server;

import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.proxy.ProxyHeader;

/**
 * A visitor that an endpoint has accepted; nothing was read from it yet, except for a header of a load balancer.
 *
 * @param address where it connects from
 * @param proxied the header of the load balancer through which it connects; null for a direct connection
 */
record Arrival(
        SocketChannel channel,
        InetSocketAddress address,
        @Nullable ProxyHeader proxied) {}
