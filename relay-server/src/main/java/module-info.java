/**
 * The relay server: public ports for programs behind NAT.
 *
 * @since 0.1
 */
module org.relay4j.server {
    requires transitive org.relay4j.api;
    requires transitive org.relay4j.yamux;
    requires java.naming; // parses the subject of client certificates
    requires org.slf4j;
    requires static org.tomlj; // for TunnelPolicy.ofFile only
    requires static org.jspecify; // annotations only: users need it neither to compile nor to run

    exports org.relay4j.server;
    exports org.relay4j.server.registry;

    // The store in etcd reloads certificates as the server does. No other module may use it.
    exports org.relay4j.server.files to
            org.relay4j.registry.etcd;

    uses org.relay4j.server.registry.RegistryProvider;
}
