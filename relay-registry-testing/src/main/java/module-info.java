/**
 * Tests that every store of a cluster's registry must pass.
 *
 * @since 0.1
 */
module org.relay4j.registry.testing {
    requires transitive org.junit.jupiter.api;
    requires transitive org.relay4j.server;
    requires static org.jspecify; // annotations only: users need it neither to compile nor to run

    exports org.relay4j.registry.testing;

    opens org.relay4j.registry.testing; // to JUnit, whatever its modules are
}
