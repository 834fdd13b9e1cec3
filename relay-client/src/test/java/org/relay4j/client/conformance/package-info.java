/**
 * What java.net documents of a server socket and of the sockets it accepts, run unchanged against a TCP {@link
 * java.net.ServerSocket} and against a {@link org.relay4j.client.RelayAcceptor} behind a relay server, on platform and on
 * virtual threads. What may differ is in {@link org.relay4j.client.conformance.Difference}, and nowhere else.
 */
package org.relay4j.client.conformance;
