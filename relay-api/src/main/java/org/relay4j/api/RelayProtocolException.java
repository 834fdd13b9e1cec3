package org.relay4j.api;

import org.jspecify.annotations.Nullable;

/**
 * The peer does not speak the relay protocol, so it is probably not a relay server.
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
