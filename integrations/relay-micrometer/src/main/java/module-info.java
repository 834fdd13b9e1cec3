/** Metrics of tunnels, for Micrometer. */
@SuppressWarnings({"requires-automatic", "requires-transitive-automatic"
}) // Micrometer has a module name, and no descriptor
module org.relay4j.micrometer {
    requires transitive org.relay4j.api;
    requires transitive micrometer.core;
    requires static transitive org.jspecify; // annotations in signatures; nobody needs them at run time

    exports org.relay4j.micrometer;
}
