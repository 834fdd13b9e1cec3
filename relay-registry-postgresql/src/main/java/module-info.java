/**
 * The store that the nodes of a cluster share, in PostgreSQL.
 *
 * @since 0.1
 */
module org.relay4j.registry.postgresql {
    requires transitive org.relay4j.server;
    requires java.sql;
    requires org.slf4j;
    requires static org.jspecify; // annotations only: users need it neither to compile nor to run

    exports org.relay4j.registry.postgresql;

    provides org.relay4j.server.registry.RegistryProvider with
            org.relay4j.registry.postgresql.PostgresqlRegistryProvider;
}
