/** What the relay server and the relay client have in common. */
module org.relay4j.api {
    requires static transitive org.jspecify; // annotations in signatures; nobody needs them at run time

    exports org.relay4j.api;
    exports org.relay4j.api.control to
            org.relay4j.client,
            org.relay4j.server;
}
