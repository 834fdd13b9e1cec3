package org.relay4j.conformance;

/** The severity of a deviation. */
enum Level {
    /** Required by the specification, or for the integrity of data or the safety of a peer. */
    MUST,
    /** Recommended, or required by some implementations; others deviate and still interoperate. */
    SHOULD
}
