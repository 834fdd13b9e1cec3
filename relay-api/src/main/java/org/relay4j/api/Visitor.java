package org.relay4j.api;

import java.time.Duration;

/**
 * What is known of a visitor at a moment. Immutable.
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
 * @param number tells the visitors of one connection to the server apart; it may be used again after a reconnect
 * @param connected how long it has been connected
 * @param bytesIn bytes that have come from the visitor
 * @param bytesOut bytes that were sent to the visitor
 */
public record Visitor(long number, Duration connected, long bytesIn, long bytesOut) {}
