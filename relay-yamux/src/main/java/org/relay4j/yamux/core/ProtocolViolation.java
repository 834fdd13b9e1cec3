package org.relay4j.yamux.core;

/** A protocol violation of the peer that ends the session. It has no stack trace because the message is sufficient. */
final class ProtocolViolation extends Exception {
    private static final long serialVersionUID = 1L;

    ProtocolViolation(String message) {
        super(message, null, false, false);
    }
}
