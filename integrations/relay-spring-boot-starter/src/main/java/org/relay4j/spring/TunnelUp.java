package org.relay4j.spring;

import java.net.InetSocketAddress;
import org.relay4j.api.Tunnel;

/**
 * Application event: the tunnel is up, for the first time or again, so the application can be reached. Published on the thread
 * that connects; the next event waits until all listeners have returned.
 *
 * @param tunnel the bean
 * @param publicAddress the address that visitors connect to; after a reconnect the port may be different
 */
public record TunnelUp(Tunnel tunnel, InetSocketAddress publicAddress) {}
