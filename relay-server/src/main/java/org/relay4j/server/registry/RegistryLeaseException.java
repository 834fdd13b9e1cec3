package org.relay4j.server.registry;

/** A transaction was not made because the lease of one of its entries has ended. */
public class RegistryLeaseException extends RegistryException {
    private static final long serialVersionUID = 1;

    public RegistryLeaseException(String message) {
        super(message, null);
    }
}
