package org.relay4j.registry.postgresql;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.relay4j.server.registry.Commit;
import org.relay4j.server.registry.Entry;
import org.relay4j.server.registry.Snapshot;
import org.relay4j.server.registry.Transaction;

/** Calls of the functions of {@code schema-1.sql}. Each is one statement, one transaction and one round trip. */
final class Functions {
    private Functions() {}

    static long grant(Connection connection, double deadline, long millis) throws SQLException {
        try (PreparedStatement call = connection.prepareStatement("SELECT relay_grant(to_timestamp(?), ?)")) {
            call.setDouble(1, deadline);
            call.setLong(2, millis);
            try (ResultSet result = call.executeQuery()) {
                result.next();
                return result.getLong(1);
            }
        }
    }

    static boolean renew(Connection connection, double deadline, long lease) throws SQLException {
        try (PreparedStatement call = connection.prepareStatement("SELECT relay_renew(to_timestamp(?), ?)")) {
            call.setDouble(1, deadline);
            call.setLong(2, lease);
            try (ResultSet result = call.executeQuery()) {
                result.next();
                return result.getBoolean(1);
            }
        }
    }

    static void revoke(Connection connection, double deadline, long lease) throws SQLException {
        try (PreparedStatement call = connection.prepareStatement("SELECT relay_revoke(to_timestamp(?), ?)")) {
            call.setDouble(1, deadline);
            call.setLong(2, lease);
            call.execute();
        }
    }

    static void tick(Connection connection) throws SQLException {
        try (PreparedStatement call = connection.prepareStatement("SELECT relay_tick()")) {
            call.execute();
        }
    }

    static Commit commit(Connection connection, double deadline, Transaction transaction) throws SQLException {
        try (PreparedStatement call =
                connection.prepareStatement("SELECT * FROM relay_commit(to_timestamp(?), ?, ?, ?, ?, ?)")) {
            List<String> keys = new ArrayList<>();
            List<@Nullable String> values = new ArrayList<>();
            List<Long> leases = new ArrayList<>();
            for (Transaction.Operation operation : transaction.operations()) {
                Transaction.Put put = operation instanceof Transaction.Put p ? p : null;
                keys.add(operation.key());
                values.add(put == null ? null : put.value());
                leases.add(put == null ? 0 : put.lease());
            }
            call.setDouble(1, deadline);
            setArray(
                    call,
                    2,
                    "text",
                    transaction.conditions().stream()
                            .map(Transaction.Condition::key)
                            .toArray());
            setArray(
                    call,
                    3,
                    "bigint",
                    transaction.conditions().stream()
                            .map(Transaction.Condition::revision)
                            .toArray());
            setArray(call, 4, "text", keys.toArray());
            setArray(call, 5, "text", values.toArray());
            setArray(call, 6, "bigint", leases.toArray());
            try (ResultSet result = call.executeQuery()) {
                result.next();
                boolean done = result.getBoolean(1);
                return new Commit(done, snapshot(result, 2));
            }
        }
    }

    static Snapshot read(Connection connection, Collection<String> keys, @Nullable String prefix) throws SQLException {
        try (PreparedStatement call = connection.prepareStatement("SELECT * FROM relay_read(?, ?)")) {
            setArray(call, 1, "text", keys.toArray());
            call.setString(2, prefix);
            try (ResultSet result = call.executeQuery()) {
                result.next();
                return snapshot(result, 1);
            }
        }
    }

    static void setArray(PreparedStatement call, int index, String type, @Nullable Object[] elements)
            throws SQLException {
        call.setArray(index, call.getConnection().createArrayOf(type, elements));
    }

    /** Reads entries, beginning with the present row, from the columns revision (of all), key, value, revision and lease. */
    private static Snapshot snapshot(ResultSet rows, int column) throws SQLException {
        long revision = rows.getLong(column);
        List<Entry> entries = new ArrayList<>();
        do {
            String key = rows.getString(column + 1);
            if (key == null) continue;
            entries.add(new Entry(key, rows.getString(column + 2), rows.getLong(column + 3), rows.getLong(column + 4)));
        } while (rows.next());
        return new Snapshot(revision, entries);
    }
}
