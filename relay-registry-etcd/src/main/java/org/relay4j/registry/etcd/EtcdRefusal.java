package org.relay4j.registry.etcd;

import org.relay4j.server.registry.RegistryException;

/** etcd has refused a request, which had no effect. */
final class EtcdRefusal extends RegistryException {
    private static final long serialVersionUID = 1;
    private final int code;

    /** @param code of gRPC; -1 if it was not etcd's gateway that answered */
    EtcdRefusal(String message, int code) {
        super(message, null);
        this.code = code;
    }

    boolean hasCode(int expected) {
        return code == expected;
    }

    /** Returns true if a lease that the request names has ended. */
    boolean isLeaseNotFound() {
        return code == Answer.NOT_FOUND;
    }
}
