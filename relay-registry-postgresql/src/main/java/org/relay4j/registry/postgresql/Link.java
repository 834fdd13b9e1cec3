package org.relay4j.registry.postgresql;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A connection to the database that is opened when it is needed, and again after a failure. Confined to one thread, except {@link
 * #abort}.
 *
 * <p>It knows the server's time, because each transaction carries a deadline by the server's clock: one that was sent and given up, and
 * is read by the server later, must not be carried out. The estimate starts when the answer has arrived, and is thus never ahead.
 */
final class Link {
    /** A connection that was not used for this long is tried first, so that no transaction is lost to one that has ended. */
    private static final long FRESH = TimeUnit.MILLISECONDS.toNanos(500);

    private static final String TIME = "SELECT extract(epoch FROM clock_timestamp())::float8";

    private final Database database;
    private volatile @Nullable Connection connection;
    private double serverTime; // seconds since 1970, at readAt
    private long readAt; // System.nanoTime

    Link(Database database) {
        this.database = database;
    }

    /** Returns a connection that has just answered. Blocks as {@link Database#connect} does. */
    Connection ready() throws SQLException {
        Connection open = connection;
        if (open != null) {
            if (System.nanoTime() - readAt < FRESH) return open;
            try {
                readTime(open);
                return open;
            } catch (SQLException e) {
                drop(); // the server was restarted, or a firewall has forgotten the connection
            }
        }
        open = database.connect();
        connection = open;
        readTime(open);
        return open;
    }

    private void readTime(Connection open) throws SQLException {
        try (Statement statement = open.createStatement();
                ResultSet result = statement.executeQuery(TIME)) {
            result.next();
            serverTime = result.getDouble(1);
            readAt = System.nanoTime();
        }
    }

    /** The server's time when {@link System#nanoTime} is {@code deadline}, in seconds since 1970. */
    double serverTimeAt(long deadline) {
        return serverTime + (deadline - readAt) / 1e9;
    }

    /** Closes the connection without waiting for the server. The next {@link #ready} opens another one. */
    void drop() {
        abort();
        connection = null;
    }

    /** Ends the connection, and thus a wait for the server. Any thread; does not block. */
    void abort() {
        Connection open = connection;
        if (open == null) return;
        try {
            open.abort(Runnable::run);
        } catch (SQLException e) {
            // It has ended already.
        }
    }
}
