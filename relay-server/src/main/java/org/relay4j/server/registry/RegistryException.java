package org.relay4j.server.registry;

import org.jspecify.annotations.Nullable;

/** A registry cannot do what was asked. The message is for the operator: it names the problem and, if there is one, the remedy. */
public class RegistryException extends Exception {
    private static final long serialVersionUID = 1;

    public RegistryException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
