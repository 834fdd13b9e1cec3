package org.relay4j.registry.etcd;

import java.net.URI;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How etcd is reached.
 *
 * @param endpoints at least one
 * @param tls for https endpoints; null for the trusted certificates of the JDK
 */
record EtcdSettings(
        List<URI> endpoints,
        @Nullable String user,
        @Nullable String password,
        @Nullable EtcdTls tls) {
    EtcdSettings {
        endpoints = List.copyOf(endpoints);
    }

    @Override
    public String toString() {
        return endpoints.toString(); // no secrets
    }
}
