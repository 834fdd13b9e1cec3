package org.relay4j.registry.postgresql;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.relay4j.registry.testing.Requested.failure;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.RegistryStore;
import org.relay4j.server.registry.RegistryUnavailableException;
import org.relay4j.server.registry.Transaction;
import org.relay4j.testing.Logged;

/** What needs no server: addresses, and a database that cannot be reached. */
class PostgresqlStoreTest {
    private static String refused(String address, Map<String, String> settings) {
        return assertThrows(
                        IllegalArgumentException.class,
                        () -> new PostgresqlRegistryProvider().open(address, settings::get))
                .getMessage();
    }

    @Test
    void anAddressWithASecretIsNotRepeated() {
        for (String address : List.of(
                "jdbc:postgresql://db/relay?user=me&password=hush",
                "jdbc:postgresql://db/relay?ssl=true&PASSWORD=hush",
                "jdbc:postgresql://db/relay?sslkey=k.pk8&sslpassword=hush",
                "postgres://me:hush@db/relay")) {
            String message = refused(address, Map.of());
            assertFalse(message.contains("hush"), message);
            assertTrue(message.contains("set RELAY_CLUSTER_USER and RELAY_CLUSTER_PASSWORD instead"), message);
        }
    }

    @Test
    void parametersOfAnAddressWithoutADriverAreNotRepeated() {
        String message = refused("jdbc:postgresql://db:port/relay?options=hush", Map.of());
        assertTrue(message.startsWith("no JDBC driver accepts \"jdbc:postgresql://db:port/relay\"; put"), message);
    }

    @Test
    void addressesThatNetworksCanReadAreWarnedOf() {
        for (String bad :
                List.of("//db/relay", "//127.0.0.1,db:5433/relay?sslmode=prefer", "//db/relay?x=1&ssl=false")) {
            assertEquals(1, warnings(bad).size(), bad);
        }
        for (String good : List.of(
                "relay",
                "//localhost:5432/relay",
                "//127.0.0.1,[::1]:5433/relay?sslmode=disable",
                "//db/relay?sslmode=verify-full",
                "//db/relay?x=1&sslmode=require&y=2")) {
            assertEquals(List.of(), warnings(good), good);
        }
    }

    private static List<String> warnings(String address) {
        try (Logged log = Logged.below(PostgresqlRegistryProvider.class.getName())) {
            new PostgresqlRegistryProvider()
                    .open("jdbc:postgresql:" + address, name -> null)
                    .close();
            for (String line : log.lines()) assertTrue(line.contains("add sslmode=verify-full"), line);
            return log.lines("WARN");
        }
    }

    @Test
    void anotherKindOfAddressIsNamed() {
        assertEquals(
                "the address \"db.example.com\" is not a JDBC URL of PostgreSQL; write postgresql:jdbc:postgresql://db.example.com/relay",
                refused("db.example.com", Map.of()));
    }

    @Test
    void filesThatWouldHaveNoEffectAreRefused() {
        String message = refused("jdbc:postgresql://db/relay", Map.of("RELAY_CLUSTER_CA", "ca.pem"));
        assertTrue(message.startsWith("RELAY_CLUSTER_CA is of no effect"), message);
        assertTrue(message.contains("sslrootcert"), message);
    }

    @Test
    @Tag("slow")
    void aServerThatCannotBeReachedIsNamedAndNothingWasDone() throws Exception {
        int port = unused();
        try (RegistryStore store = PostgresServer.open(PostgresServer.url("relay", port) + "?sslmode=disable")) {
            String message = failure(RegistryException.class, store.check("")).getMessage();
            assertTrue(message.startsWith("PostgreSQL at jdbc:postgresql://127.0.0.1:" + port + "/relay: "), message);
            assertTrue(message.endsWith("and the host, port and TLS parameters of the JDBC URL"), message);
            assertFalse(message.contains("sslmode"), message);
            RegistryUnavailableException failed =
                    failure(RegistryUnavailableException.class, store.commit(Transaction.NONE.put("a", "", 0)));
            assertTrue(failed.isOutcomeKnown(), failed::toString);
        }
    }

    @Test
    void moreRequestsThanCanBeAnsweredAreRefusedAtOnce() throws Exception {
        try (RegistryStore store = PostgresServer.open(PostgresServer.url("relay", unused()))) {
            for (int i = 0; i < Requests.MOST_WAITING + Requests.CONNECTIONS; i++) {
                var unused = store.readAll("none");
            }
            var refused = store.commit(Transaction.NONE.put("a", "", 0)).toCompletableFuture();
            assertTrue(refused.isCompletedExceptionally());
            RegistryUnavailableException why = failure(RegistryUnavailableException.class, refused);
            assertTrue(why.isOutcomeKnown());
            assertTrue(why.getMessage().contains("10000 requests wait"), why::getMessage);
        }
    }

    private static int unused() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }
}
