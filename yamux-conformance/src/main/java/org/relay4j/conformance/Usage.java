package org.relay4j.conformance;

/** Thrown for invalid arguments. The message contains the value and the expected format. */
final class Usage extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Usage(String line) {
        super(line);
    }
}
