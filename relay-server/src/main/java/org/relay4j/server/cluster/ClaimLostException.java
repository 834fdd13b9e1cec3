package org.relay4j.server.cluster;

import org.relay4j.server.registry.RegistryException;

/** A tunnel is no longer as it was seen: another node has taken it, or it was released. It can be looked up again. */
public class ClaimLostException extends RegistryException {
    private static final long serialVersionUID = 1;

    ClaimLostException(String message) {
        super(message, null);
    }
}
