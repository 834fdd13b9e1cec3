package org.relay4j.api;

import org.jspecify.annotations.Nullable;

/** The other side does not speak the relay protocol: most likely it is no relay server. */
public class RelayProtocolException extends RelayException {
    private static final long serialVersionUID = 1L;

    public RelayProtocolException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
