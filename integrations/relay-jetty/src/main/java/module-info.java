/**
 * A Jetty connector that listens on a public port of a relay server.
 *
 * @since 0.1
 */
module org.relay4j.jetty {
    requires transitive org.relay4j.client;
    requires transitive org.eclipse.jetty.server;
    requires transitive org.eclipse.jetty.io;
    requires transitive org.eclipse.jetty.util;
    requires static org.jspecify; // annotations only: users need it neither to compile nor to run

    exports org.relay4j.jetty;
}
