package org.relay4j.client;

import org.jspecify.annotations.Nullable;
import org.relay4j.api.TunnelLostException;

/**
 * An end of the connection to the server that this side did not request.
 *
 * @param why the reason, for people
 * @param clean true if the server ended it gracefully
 * @param cause the underlying failure, if there is one
 */
record Loss(String why, boolean clean, @Nullable Throwable cause) {

    /** Creates the loss of a broken connection from the failure of its socket. */
    static Loss broken(String message, @Nullable Throwable socketFailure, @Nullable Throwable cause) {
        String known = socketFailure == null ? null : socketFailure.getMessage();
        return new Loss(known == null ? message : known, false, cause);
    }

    /** Returns the loss of a connection whose server has announced its end; {@code loss} is null if this side ended it first. */
    static Loss drained(@Nullable Loss loss) {
        if (loss == null || loss.clean()) return new Loss("the server has shut down", true, null);
        return new Loss("the server has shut down: " + loss.why(), false, loss.cause());
    }

    /** Returns the loss of a tunnel whose last connection was one that this side had replaced by others. */
    static Loss succeeded() {
        return new Loss("its new connection was lost, and the old one has ended with its last visitor", true, null);
    }

    TunnelLostException exception() {
        return new TunnelLostException("the tunnel was lost: " + why, clean, cause);
    }
}
