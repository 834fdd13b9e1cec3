package org.relay4j.registry.postgresql;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.jspecify.annotations.Nullable;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.Transaction;

/** The tables and functions of {@code schema-1.sql}: creates them if they are missing, and checks that they can be used. */
final class Schema {
    static final int VERSION = 1;

    /** The oldest version that the project supported when this was written, as {@code server_version_num}. */
    private static final int OLDEST_SERVER = 140_000;

    /** Not to_regclass, which may answer from a cache that does not know what another session has just created. */
    private static final String TABLES =
            "SELECT oid FROM pg_class WHERE relname = 'relay_store' AND pg_table_is_visible(oid)";

    private static final String MISSING_RIGHTS = "SELECT string_agg(p || ' on ' || t, ', ')"
            + " FROM unnest('{relay_store,relay_lease,relay_entry,relay_change}'::text[]) t,"
            + " unnest('{SELECT,INSERT,UPDATE,DELETE}'::text[]) p WHERE NOT has_table_privilege(t, p)";

    private final Database database;
    private final Problems problems;

    Schema(Database database, Problems problems) {
        this.database = database;
        this.problems = problems;
    }

    /** Blocks. Puts a key that begins with {@code prefix}, and deletes it. */
    void check(Connection connection, String prefix, double deadline) throws SQLException, RegistryException {
        try {
            checkServer(connection);
            if (ask(connection, TABLES) == null) create(connection);
            checkTables(connection);
            String key = prefix + "check";
            Functions.commit(connection, deadline, Transaction.NONE.put(key, "", 0));
            Functions.commit(connection, deadline, Transaction.NONE.delete(key));
        } catch (SQLException e) {
            if (Problems.isUnanswered(e)) throw e; // it says nothing about the database
            throw new RegistryException(problems.describe(e), e);
        }
    }

    private void checkServer(Connection connection) throws SQLException, RegistryException {
        if ("t".equals(ask(connection, "SELECT pg_is_in_recovery()"))) {
            throw problem(
                    "this server is a standby; name the primary, or add targetServerType=primary to the JDBC URL");
        }
        String version = ask(connection, "SHOW server_version_num");
        if (version == null || Integer.parseInt(version) < OLDEST_SERVER) {
            throw problem(
                    "its version is " + ask(connection, "SHOW server_version") + "; PostgreSQL 14 or later is needed");
        }
        String encoding = ask(connection, "SHOW server_encoding");
        if (!"UTF8".equals(encoding)) {
            throw problem("the encoding of the database is " + encoding + "; create it with ENCODING 'UTF8'");
        }
    }

    /** In one transaction. Of several nodes that start together one creates the tables, and the others wait for it. */
    private void create(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("SELECT pg_advisory_xact_lock(hashtext('relay_store'))");
            if (ask(connection, TABLES) == null) statement.execute(script());
            connection.commit();
        } finally {
            connection.rollback(); // what has failed
            connection.setAutoCommit(true);
        }
    }

    private void checkTables(Connection connection) throws SQLException, RegistryException {
        String missing = ask(connection, MISSING_RIGHTS);
        if (missing != null) {
            throw problem("user " + database.user() + " lacks the rights " + missing + "; grant them");
        }
        String version = ask(connection, "SELECT version FROM relay_store");
        if (!Integer.toString(VERSION).equals(version)) {
            throw problem("its tables have version " + version + ", but this relay server needs version " + VERSION
                    + "; use one version of Relay for all nodes of the cluster");
        }
    }

    private RegistryException problem(String what) {
        return new RegistryException("PostgreSQL at " + database + ": " + what, null);
    }

    private static @Nullable String ask(Connection connection, String query) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(query);
                ResultSet result = statement.executeQuery()) {
            return result.next() ? result.getString(1) : null;
        }
    }

    private static String script() {
        try (InputStream script = Schema.class.getResourceAsStream("schema-" + VERSION + ".sql")) {
            if (script == null) throw new IllegalStateException("schema-" + VERSION + ".sql is missing");
            return new String(script.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
