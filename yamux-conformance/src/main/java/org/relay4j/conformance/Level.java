package org.relay4j.conformance;

/** How bad it is to differ. */
enum Level {
    /** The specification demands it, or the bytes or the safety of somebody depend on it. */
    MUST,
    /** It is wise, or some implementations need it; others differ and get along. */
    SHOULD
}
