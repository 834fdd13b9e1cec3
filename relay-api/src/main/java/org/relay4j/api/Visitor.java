package org.relay4j.api;

import java.time.Duration;

/**
 * What is known of a visitor at a moment. Immutable.
 *
 * @param number tells the visitors of one connection to the server apart; it may be used again after a reconnect
 * @param connected how long it has been connected
 * @param bytesIn bytes that have come from the visitor
 * @param bytesOut bytes that were sent to the visitor
 */
public record Visitor(long number, Duration connected, long bytesIn, long bytesOut) {}
