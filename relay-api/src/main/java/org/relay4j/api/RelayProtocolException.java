package org.relay4j.api;

import org.jspecify.annotations.Nullable;

/**
 * The other side does not speak the relay protocol: most likely it is no relay server.
 *
 * <pre>{@code
 * try {
 *     RelayClient.connect("localhost", portOfAnotherServer);
 * } catch (RelayProtocolException e) {
 *     System.err.println("not a relay server: " + e.getMessage()); // trying again is of no use
 * }
 * }</pre>
 */
public class RelayProtocolException extends RelayException {
    private static final long serialVersionUID = 1L;

    public RelayProtocolException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
