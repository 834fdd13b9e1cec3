/**
 * Tests that every store of a cluster's registry must pass.
 *
 * @since 0.1
 */
open module org.relay4j.registry.testing {
    requires transitive org.junit.jupiter.api;
    requires transitive org.relay4j.server;
    requires static org.jspecify; // annotations only: users need it neither to compile nor to run

    exports org.relay4j.registry.testing;
}
