package org.relay4j.api;

import org.jspecify.annotations.Nullable;

/**
 * The client cannot connect to the relay server through a proxy: the proxy cannot be reached, requires other credentials, refuses
 * the connection, cannot reach the server, or is not a proxy of the configured kind. The message says which, and what to do.
 *
 * <pre>{@code
 * try (RelayAcceptor acceptor = RelayClient.connect("relay.example.com", 7000, options)) {
 *     serve(acceptor.accept());
 * } catch (RelayProxyException e) {
 *     if (e.isAboutCredentials()) System.err.println("ask for the password of the proxy: " + e.getMessage());
 * }
 * }</pre>
 */
public class RelayProxyException extends RelayException {
    private static final long serialVersionUID = 1L;

    private final boolean aboutCredentials;

    public RelayProxyException(String message, boolean aboutCredentials, @Nullable Throwable cause) {
        super(message, cause);
        this.aboutCredentials = aboutCredentials;
    }

    /** Returns true if the proxy requires credentials, or does not accept those that it received. */
    public boolean isAboutCredentials() {
        return aboutCredentials;
    }
}
