package org.relay4j.server;

import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;

/**
 * A visitor that a public port has accepted and counted; nothing was read from it yet.
 *
 * @param address where it connects from
 * @param limits against which it counts
 */
record Arrival(SocketChannel channel, InetSocketAddress address, VisitorLimits limits) {}
