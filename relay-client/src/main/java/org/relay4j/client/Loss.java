package org.relay4j.client;

import org.jspecify.annotations.Nullable;
import org.relay4j.api.TunnelLostException;

/**
 * The end of a connection to the server that this side did not want.
 *
 * @param why for a person
 * @param clean true if the server ended it in an orderly way
 * @param cause the failure behind it, if there is one
 */
record Loss(String why, boolean clean, @Nullable Throwable cause) {

    /** A connection that broke; the failure of the socket says it best. */
    static Loss broken(String message, @Nullable Throwable socketFailure, @Nullable Throwable cause) {
        String known = socketFailure == null ? null : socketFailure.getMessage();
        return new Loss(known == null ? message : known, false, cause);
    }

    TunnelLostException exception() {
        return new TunnelLostException("the tunnel was lost: " + why, clean, cause);
    }
}
