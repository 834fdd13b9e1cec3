/** The relay server: public ports for programs behind NAT. */
module org.relay4j.server {
    requires transitive org.relay4j.api;
    requires transitive org.relay4j.yamux;
    requires org.slf4j;
    requires static transitive org.jspecify; // annotations in signatures; nobody needs them at run time

    exports org.relay4j.server;
}
