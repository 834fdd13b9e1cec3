package org.relay4j.yamux.core;

/** A rule of yamux that the peer broke in a way that ends the session. Carries no stack trace: the message is the finding. */
final class ProtocolViolation extends Exception {
    private static final long serialVersionUID = 1L;

    ProtocolViolation(String message) {
        super(message, null, false, false);
    }
}
