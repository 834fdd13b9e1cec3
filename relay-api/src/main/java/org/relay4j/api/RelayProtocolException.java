package org.relay4j.api;

import org.jspecify.annotations.Nullable;

/**
 * The peer is not a relay server, only one side uses TLS, or an option needs a feature that the server lacks. The message says
 * which.
 *
 * <pre>{@code
 * try {
 *     RelayClient.connect("localhost", portOfAnotherServer);
 * } catch (RelayProtocolException e) {
 *     System.err.println("not a relay server: " + e.getMessage()); // retrying does not help
 * }
 * }</pre>
 */
public class RelayProtocolException extends RelayException {
    private static final long serialVersionUID = 1L;

    public RelayProtocolException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
