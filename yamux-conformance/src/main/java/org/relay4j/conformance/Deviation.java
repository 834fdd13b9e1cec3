package org.relay4j.conformance;

/** The endpoint did something else than the case expects. The message says what was seen. */
final class Deviation extends Exception {
    private static final long serialVersionUID = 1L;

    Deviation(String seen) {
        super(seen);
    }
}
