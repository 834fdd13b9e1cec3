package org.relay4j.server;

import java.io.IOException;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/** The cluster does not grant an endpoint, or cannot say whether it does. */
final class ClaimException extends IOException {
    private static final long serialVersionUID = 1;

    private final transient Refusal reason;
    private final String code;

    private ClaimException(Refusal reason, String code, String text, @Nullable Throwable cause) {
        super(text, cause);
        this.reason = reason;
        this.code = code;
    }

    /** Another tunnel has the endpoint. */
    static ClaimException taken(String text, Throwable cause) {
        return new ClaimException(Refusal.PORT_UNAVAILABLE, "port-unavailable", text, cause);
    }

    /** The store of the cluster does not answer. */
    static ClaimException unavailable(Throwable cause) {
        String text = "this node cannot reach the store of its cluster now; another node may";
        return new ClaimException(Refusal.FAILURE, "registry-unavailable", text, cause);
    }

    /** The node cannot do it now; the client is to try again. */
    static ClaimException busy(String text) {
        return new ClaimException(Refusal.FAILURE, "internal", text, null);
    }

    /** Returns the failure of a stage itself. */
    static Throwable cause(Throwable failure) {
        Throwable cause = failure.getCause();
        return failure instanceof CompletionException && cause != null ? cause : failure;
    }

    /** Returns whether another tunnel has the endpoint. */
    boolean isTaken() {
        return reason == Refusal.PORT_UNAVAILABLE;
    }

    Refusal reason() {
        return reason;
    }

    /** Returns the answer to the client. */
    ControlRefusal refusal() {
        return new ControlRefusal(code, String.valueOf(getMessage()));
    }
}
