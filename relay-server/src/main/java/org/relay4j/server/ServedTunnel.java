package org.relay4j.server;

import java.net.InetSocketAddress;

/**
 * A tunnel as its server sees it. Immutable.
 *
 * <pre>{@code
 * RelayServerListener listener = new RelayServerListener() {
 *     public void tunnelDown(RelayServer server, ServedTunnel tunnel, Throwable cause) {
 *         System.out.println("port " + tunnel.port() + " of " + tunnel.client() + " is closed");
 *     }
 * };
 * RelayServer.start(RelayServerOptions.builder().listener(listener).build()).close();
 * }</pre>
 *
 * @param number distinguishes the tunnels of a server; it is never used again
 * @param client address of the relay client
 * @param port public port of the tunnel
 */
public record ServedTunnel(long number, InetSocketAddress client, int port) {}
