package org.relay4j.api;

import java.net.InetSocketAddress;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * A visitor at a point in time. Immutable.
 *
 * <pre>{@code
 * TunnelListener listener = new TunnelListener() {
 *     public void visitorClosed(Tunnel tunnel, Visitor visitor, Throwable cause) {
 *         log.info("{} was here for {} and sent {} bytes", visitor.number(), visitor.connected(), visitor.bytesIn());
 *     }
 * };
 * RelayClientOptions options = RelayClientOptions.builder().listener(listener).build();
 * try (RelayAcceptor acceptor = RelayClient.connect("relay.example.com", 7000, options)) {
 *     serve(acceptor.accept());
 * }
 * }</pre>
 *
 * @param number unique among the visitors of one connection to the server; may be reused after a reconnect
 * @param address where the visitor connects from; null if it is not known, as without the option {@code visitorAddresses}
 * @param id identifies the visitor in the logs of client, server and load balancer: visible ASCII of at most 32 characters; null if
 *     it is not known, as without the option {@code visitorAddresses}
 * @param connected how long the visitor has been connected
 * @param bytesIn bytes received from the visitor
 * @param bytesOut bytes sent to the visitor
 */
public record Visitor(
        long number,
        @Nullable InetSocketAddress address,
        @Nullable String id,
        Duration connected,
        long bytesIn,
        long bytesOut) {}
