package org.relay4j.client;

import org.relay4j.api.RelayException;

/** The options do not allow a connection without TLS. Another attempt needs other options. */
final class UnencryptedException extends RelayException {
    private static final long serialVersionUID = 1L;

    UnencryptedException(String message) {
        super(message, null);
    }
}
