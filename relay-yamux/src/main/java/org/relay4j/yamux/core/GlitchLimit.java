package org.relay4j.yamux.core;

/**
 * How many glitches of a kind are put up with.
 *
 * @param burst so many at once; 1 to 2^24
 * @param rate so many a second in the long run, up to 10^9; 0 for no limit
 */
public record GlitchLimit(int burst, int rate) {}
