/**
 * Netty channels to the visitors of a public port.
 *
 * @since 0.1
 */
module org.relay4j.netty {
    requires transitive org.relay4j.client;
    requires transitive io.netty.transport;
    requires transitive io.netty.buffer;
    requires transitive io.netty.common;
    requires static org.jspecify; // annotations only: users need it neither to compile nor to run

    exports org.relay4j.netty;
}
