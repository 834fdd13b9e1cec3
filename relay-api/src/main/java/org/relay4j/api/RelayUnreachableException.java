package org.relay4j.api;

import org.jspecify.annotations.Nullable;

/**
 * The relay server cannot be reached: its host is unknown, nothing listens on the port, or it did not answer in time.
 *
 * <pre>{@code
 * try {
 *     RelayClient.connect("localhost", portWithoutServer);
 * } catch (RelayUnreachableException e) {
 *     System.err.println("trying again later: " + e.getMessage());
 * }
 * }</pre>
 */
public class RelayUnreachableException extends RelayException {
    private static final long serialVersionUID = 1L;

    public RelayUnreachableException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
