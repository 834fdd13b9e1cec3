/**
 * Keeps the registry of a cluster of relay servers in etcd.
 *
 * @since 0.1
 */
module org.relay4j.registry.etcd {
    requires java.net.http;
    requires org.relay4j.api;
    requires transitive org.relay4j.server;
    requires org.slf4j;
    requires static org.jspecify; // annotations only: users need it neither to compile nor to run

    exports org.relay4j.registry.etcd;

    provides org.relay4j.server.registry.RegistryProvider with
            org.relay4j.registry.etcd.EtcdRegistryProvider;
}
