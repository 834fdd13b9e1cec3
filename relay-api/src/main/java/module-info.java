/**
 * The tunnels of a relay client, and what the relay server and the relay client share.
 *
 * @since 0.1
 */
module org.relay4j.api {
    requires jdk.jfr;
    requires static org.jspecify; // annotations only: users need it neither to compile nor to run

    exports org.relay4j.api;
    exports org.relay4j.api.tls to
            org.relay4j.client,
            org.relay4j.registry.etcd,
            org.relay4j.server;
    exports org.relay4j.api.control to
            org.relay4j.client,
            org.relay4j.server;
    exports org.relay4j.api.proxy to
            org.relay4j.client,
            org.relay4j.server;
    exports org.relay4j.api.json to
            org.relay4j.registry.etcd;
    exports org.relay4j.api.recording to
            org.relay4j.client,
            org.relay4j.server;
}
