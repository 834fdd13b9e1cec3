/** The relay client: accepts the visitors of a public port. */
module org.relay4j.client {
    requires transitive org.relay4j.api;
    requires transitive org.relay4j.yamux;
    requires org.slf4j;
    requires static transitive org.jspecify; // annotations in signatures; nobody needs them at run time

    exports org.relay4j.client;
}
