package org.relay4j.api;

import org.jspecify.annotations.Nullable;

/** The relay server cannot be reached: unknown host, nothing listens, or no answer in time. */
public class RelayUnreachableException extends RelayException {
    private static final long serialVersionUID = 1L;

    public RelayUnreachableException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
