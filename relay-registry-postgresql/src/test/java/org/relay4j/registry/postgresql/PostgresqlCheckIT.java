package org.relay4j.registry.postgresql;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.registry.testing.Requested.failure;
import static org.relay4j.registry.testing.Requested.get;
import static org.relay4j.registry.testing.Requested.put;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.RegistryStore;

/** What a store says about a database that it cannot use, and what it makes of an empty one. */
@Tag("peers")
class PostgresqlCheckIT {
    private static PostgresServer server;

    @BeforeAll
    static void start() throws Exception {
        server = PostgresServer.start();
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    private static void assertRefused(RegistryStore store, String... parts) {
        try (store) {
            String message = failure(RegistryException.class, store.check("")).getMessage();
            for (String part : parts) assertTrue(message.contains(part), () -> "no \"" + part + "\" in: " + message);
            assertTrue(!message.contains(PostgresServer.PASSWORD), message);
        }
    }

    @Test
    void nodesThatStartTogetherCreateTheTablesOnce() throws Exception {
        server.administer("CREATE DATABASE fresh OWNER relay");
        List<RegistryStore> stores = new ArrayList<>();
        List<CompletionStage<Void>> checks = new ArrayList<>();
        for (int i = 0; i < 5; i++) stores.add(PostgresServer.open(server.url("fresh")));
        for (RegistryStore store : stores) checks.add(store.check(""));
        for (CompletionStage<Void> check : checks) get(check);
        long first = put(stores.get(0), "a", "", 0);
        assertEquals(first + 1, put(stores.get(1), "b", "", 0));
        stores.forEach(RegistryStore::close);
    }

    @Test
    void aSchemaOfItsOwnHasTablesOfItsOwn() throws Exception {
        server.administer("CREATE DATABASE shared OWNER relay");
        server.execute("relay", "shared", "CREATE SCHEMA one; CREATE SCHEMA two");
        try (RegistryStore one = PostgresServer.open(server.url("shared?currentSchema=one"));
                RegistryStore two = PostgresServer.open(server.url("shared?currentSchema=two"))) {
            get(one.check(""));
            get(two.check(""));
            put(one, "a", "", 0);
            assertEquals(List.of(), Answers.keys(two, ""));
        }
    }

    @Test
    void aWrongPasswordIsNamed() {
        assertRefused(
                PostgresServer.open(server.url("relay"), "relay", "wrong"),
                "password authentication failed for user \"relay\"",
                "check RELAY_CLUSTER_USER and RELAY_CLUSTER_PASSWORD");
    }

    @Test
    void aMissingDatabaseIsNamed() {
        assertRefused(PostgresServer.open(server.url("nowhere")), "\"nowhere\" does not exist", "create the database");
    }

    @Test
    void aMissingSchemaIsNamed() {
        assertRefused(
                PostgresServer.open(server.url("relay?currentSchema=nowhere")),
                "create the schema, or correct currentSchema");
    }

    @Test
    void aServerWithoutTlsIsNamedIfTlsIsWanted() {
        assertRefused(PostgresServer.open(server.url("relay?sslmode=require")), "does not support SSL");
    }

    @Test
    void aUserWhoMayNotCreateTablesIsNamed() throws Exception {
        server.administer("CREATE ROLE guest LOGIN PASSWORD '" + PostgresServer.PASSWORD + "'");
        server.administer("CREATE DATABASE closed OWNER relay");
        assertRefused(
                PostgresServer.open(server.url("closed"), "guest", PostgresServer.PASSWORD),
                "permission denied for schema public",
                "let user guest create tables there (GRANT CREATE ON SCHEMA)");
    }

    @Test
    void aUserWithoutRightsToTheTablesIsNamedAndOneWithThemSuffices() throws Exception {
        server.administer("CREATE ROLE node LOGIN PASSWORD '" + PostgresServer.PASSWORD + "'");
        server.administer("CREATE DATABASE granted OWNER relay");
        try (RegistryStore owner = PostgresServer.open(server.url("granted"))) {
            get(owner.check(""));
        }
        server.execute("relay", "granted", "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO node");
        RegistryStore node = PostgresServer.open(server.url("granted"), "node", PostgresServer.PASSWORD);
        assertRefused(node, "user node lacks the rights DELETE on relay_store", "grant them");
        server.execute("relay", "granted", "GRANT DELETE ON ALL TABLES IN SCHEMA public TO node");
        try (RegistryStore again = PostgresServer.open(server.url("granted"), "node", PostgresServer.PASSWORD)) {
            get(again.check(""));
            long lease = get(again.grant(RegistryStore.SHORTEST_LEASE));
            put(again, "a", "", lease);
            get(again.revoke(lease));
            assertEquals(List.of(), Answers.keys(again, ""));
        }
    }

    @Test
    void tablesOfAnotherVersionAreNamed() throws Exception {
        server.administer("CREATE DATABASE newer OWNER relay");
        try (RegistryStore first = PostgresServer.open(server.url("newer"))) {
            get(first.check(""));
        }
        server.execute("relay", "newer", "UPDATE relay_store SET version = 2");
        assertRefused(
                PostgresServer.open(server.url("newer")),
                "version 2",
                "needs version 1",
                "use one version of Relay for all nodes");
    }

    @Test
    void anotherEncodingIsNamed() throws Exception {
        server.administer("CREATE DATABASE latin OWNER relay ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
        assertRefused(
                PostgresServer.open(server.url("latin")), "the encoding of the database is LATIN1", "ENCODING 'UTF8'");
    }

    @Test
    void tooManyConnectionsAreNamed() throws Exception {
        server.administer("CREATE ROLE many LOGIN CONNECTION LIMIT 0 PASSWORD '" + PostgresServer.PASSWORD + "'");
        assertRefused(
                PostgresServer.open(server.url("relay"), "many", PostgresServer.PASSWORD),
                "too many connections",
                "each relay server needs three connections");
    }
}
