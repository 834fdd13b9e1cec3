package org.relay4j.yamux.core;

/**
 * The number of events of one kind that are tolerated.
 *
 * @param burst events at once; 1 to 2^24
 * @param perSecond events per second, sustained; up to 10^9, 0 for no limit
 */
public record RateLimit(int burst, int perSecond) {}
