package org.relay4j.api;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * A failure to open or maintain a tunnel. The subclasses distinguish failures that call for different reactions.
 *
 * <pre>{@code
 * try (RelayAcceptor acceptor = RelayClient.connect("relay.example.com", 7000)) {
 *     serve(acceptor.accept());
 * } catch (RelayException e) {
 *     System.err.println("not reachable from outside: " + e.getMessage());
 * }
 * }</pre>
 */
public class RelayException extends IOException {
    private static final long serialVersionUID = 1L;

    public RelayException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
