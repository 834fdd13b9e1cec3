package org.relay4j.api;

import org.jspecify.annotations.Nullable;

/**
 * A certificate was not accepted: that of the relay server by this client, or that of this client by the server. The message
 * says why.
 *
 * <pre>{@code
 * try (RelayAcceptor acceptor = RelayClient.connect("relay.example.com", 7000, options)) {
 *     serve(acceptor.accept());
 * } catch (RelayCertificateException e) {
 *     System.err.println("this may not be our server: " + e.getMessage());
 * }
 * }</pre>
 */
public class RelayCertificateException extends RelayException {
    private static final long serialVersionUID = 1L;

    public RelayCertificateException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
