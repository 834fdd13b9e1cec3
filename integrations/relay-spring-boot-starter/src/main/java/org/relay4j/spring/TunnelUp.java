package org.relay4j.spring;

import java.net.InetSocketAddress;
import org.relay4j.api.Tunnel;

/**
 * The application event that the tunnel stands, for the first time or again: the application can be reached. Published on a
 * thread of the tunnel, to which the next event has to wait for this one.
 *
 * @param tunnel the bean
 * @param publicAddress where visitors connect; after a loss the port may be another one
 */
public record TunnelUp(Tunnel tunnel, InetSocketAddress publicAddress) {}
