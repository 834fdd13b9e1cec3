package org.relay4j.conformance;

/** Thrown when the endpoint deviates from what the case expects. The message describes the observed behaviour. */
final class Deviation extends Exception {
    private static final long serialVersionUID = 1L;

    Deviation(String seen) {
        super(seen);
    }
}
