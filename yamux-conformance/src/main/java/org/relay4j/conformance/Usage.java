package org.relay4j.conformance;

/** Wrong arguments. The message names the value and says what it should be. */
final class Usage extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Usage(String line) {
        super(line);
    }
}
