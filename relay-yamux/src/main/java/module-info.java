/**
 * yamux: many streams over one connection.
 *
 * @since 0.1
 */
module org.relay4j.yamux {
    requires jdk.jfr;
    requires jdk.management; // the limit on direct memory
    requires jdk.net; // the times of TCP keep-alive
    requires org.slf4j;
    requires static org.jspecify; // annotations only: users need it neither to compile nor to run

    exports org.relay4j.yamux;

    // The relay server and the relay client splice sockets to streams on a loop, below the blocking API. The core is
    // exported with io because io's signatures name its types. No other module may use them.
    exports org.relay4j.yamux.core to
            org.relay4j.client,
            org.relay4j.server;
    exports org.relay4j.yamux.io to
            org.relay4j.client,
            org.relay4j.server;
    exports org.relay4j.yamux.socket to
            org.relay4j.client;
}
