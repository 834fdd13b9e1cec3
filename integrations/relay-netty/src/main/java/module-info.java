/** Netty channels whose other end is a visitor of a public port. */
module org.relay4j.netty {
    requires transitive org.relay4j.client;
    requires transitive io.netty.transport;
    requires transitive io.netty.buffer;
    requires transitive io.netty.common;
    requires static transitive org.jspecify; // annotations in signatures; nobody needs them at run time

    exports org.relay4j.netty;
}
