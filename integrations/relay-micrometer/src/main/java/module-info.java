/**
 * Metrics of tunnels, for Micrometer.
 *
 * @since 0.1
 */
@SuppressWarnings({"requires-automatic", "requires-transitive-automatic"
}) // Micrometer has a module name, and no descriptor
module org.relay4j.micrometer {
    requires transitive org.relay4j.api;
    requires transitive micrometer.core;
    requires static org.relay4j.server; // for RelayServerMetrics only
    requires static org.jspecify; // annotations only: users need it neither to compile nor to run

    exports org.relay4j.micrometer;
}
