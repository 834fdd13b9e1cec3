package org.relay4j.server;

import java.net.InetSocketAddress;
import java.time.Duration;

/**
 * A visitor of a server at a point in time. Immutable.
 *
 * <pre>{@code
 * RelayServerListener listener = new RelayServerListener() {
 *     public void visitorClosed(RelayServer server, ServedTunnel tunnel, ServedVisitor visitor, Throwable cause) {
 *         System.out.println(visitor.address() + " has received " + visitor.bytesOut() + " bytes");
 *     }
 * };
 * RelayServer.start(RelayServerOptions.builder().listener(listener).build()).close();
 * }</pre>
 *
 * @param address address of the visitor
 * @param connected how long the visitor has been connected
 * @param bytesIn bytes received from the visitor
 * @param bytesOut bytes sent to the visitor
 */
public record ServedVisitor(InetSocketAddress address, Duration connected, long bytesIn, long bytesOut) {}
