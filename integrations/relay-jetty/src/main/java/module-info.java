/** A Jetty connector whose port is on a relay server. */
module org.relay4j.jetty {
    requires transitive org.relay4j.client;
    requires transitive org.eclipse.jetty.server;
    requires transitive org.eclipse.jetty.io;
    requires transitive org.eclipse.jetty.util;
    requires static transitive org.jspecify; // annotations in signatures; nobody needs them at run time

    exports org.relay4j.jetty;
}
