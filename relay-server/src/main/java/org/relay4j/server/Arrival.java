package org.relay4j.server;

import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.proxy.ProxyHeader;

/**
 * A visitor that a public port has accepted and counted; nothing was read from it yet.
 *
 * @param address where it connects from
 * @param proxied the header of the load balancer through which it connects; null for a direct connection
 * @param limits against which it counts
 */
record Arrival(
        SocketChannel channel,
        InetSocketAddress address,
        @Nullable ProxyHeader proxied,
        VisitorLimits limits) {}
