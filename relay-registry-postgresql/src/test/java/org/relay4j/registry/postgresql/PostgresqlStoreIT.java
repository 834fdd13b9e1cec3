package org.relay4j.registry.postgresql;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import java.util.ServiceLoader;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.relay4j.registry.testing.RegistryStoreContract;
import org.relay4j.server.registry.RegistryProvider;
import org.relay4j.server.registry.RegistryStore;

/** The rules of every store, with a real server. */
@Tag("peers")
class PostgresqlStoreIT extends RegistryStoreContract {
    private static PostgresServer server;

    @BeforeAll
    static void start() throws Exception {
        server = PostgresServer.startWithTables();
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    @Override
    protected RegistryStore open() {
        return server.open();
    }

    /** As the pruning of old changes, which keeps the last one. */
    @Override
    protected void compact(long revision) throws Exception {
        server.sql("UPDATE relay_store SET pruned = " + (revision - 1) + "; DELETE FROM relay_change WHERE revision < "
                + revision);
    }

    @Test
    void isFoundByItsName() {
        RegistryProvider found = ServiceLoader.load(RegistryProvider.class).stream()
                .map(ServiceLoader.Provider::get)
                .filter(provider -> provider.name().equals("postgresql"))
                .findFirst()
                .orElseThrow();
        assertInstanceOf(PostgresqlRegistryProvider.class, found);
    }
}
