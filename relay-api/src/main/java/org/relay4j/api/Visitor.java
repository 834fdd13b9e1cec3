package org.relay4j.api;

import java.time.Duration;

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
 * @param connected how long the visitor has been connected
 * @param bytesIn bytes received from the visitor
 * @param bytesOut bytes sent to the visitor
 */
public record Visitor(long number, Duration connected, long bytesIn, long bytesOut) {}
