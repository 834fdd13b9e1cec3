package org.relay4j.server;

import java.net.InetSocketAddress;

/**
 * A tunnel of a server. Immutable.
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
 * @param number unique among the tunnels of a server; never reused
 * @param client address of the relay client
 * @param port public port that the client asked for at first; 0 if it asked for none, see {@link OpenTunnel#endpoints}
 */
public record ServedTunnel(long number, InetSocketAddress client, int port) {}
