package org.relay4j.registry.postgresql;

import java.sql.SQLException;
import org.jspecify.annotations.Nullable;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.RegistryLeaseException;
import org.relay4j.server.registry.RegistryUnavailableException;

/** What an error of the database means: whether the request may have had an effect, and what an operator can do. */
final class Problems {
    /** The request was read after its deadline. */
    private static final String TOO_LATE = "RL001";

    private static final String LEASE_ENDED = "RL002";

    private final Database database;

    Problems(Database database) {
        this.database = database;
    }

    /**
     * Translates an error.
     *
     * @param sent whether the request may have been sent
     */
    RegistryException of(SQLException e, boolean sent) {
        String state = state(e);
        if (state.equals(LEASE_ENDED)) return new RegistryLeaseException("the lease of an entry has ended");
        return new RegistryUnavailableException(describe(e), e, !sent || hadNoEffect(state));
    }

    /** Returns the problem of a request whose deadline has passed. */
    RegistryUnavailableException late(boolean sent, @Nullable SQLException last) {
        String why = last == null ? "" : "; the last error was: " + describe(last);
        return new RegistryUnavailableException(
                "PostgreSQL at " + database + " has not answered in time" + why, last, !sent);
    }

    /** Whether the connection cannot be used any more, or should not be, because another server may take over. */
    static boolean endsConnection(SQLException e) {
        return isUnanswered(e) || state(e).equals("25006");
    }

    /** Whether the server has not answered the request, because it is silent, cannot be reached, or is being shut down. */
    static boolean isUnanswered(SQLException e) {
        return !hadNoEffect(state(e));
    }

    /**
     * Whether the server has answered that the transaction was not made. Not so when the connection has ended or the server was shut
     * down: the transaction may have been committed just before.
     */
    private static boolean hadNoEffect(String state) {
        if (state.equals(TOO_LATE) || state.equals(LEASE_ENDED)) return true;
        return switch (state.length() < 2 ? "" : state.substring(0, 2)) {
            case "08", "57", "58", "XX", "" -> state.equals("57014"); // cancelled, as by statement_timeout
            default -> true;
        };
    }

    /** Names the problem and, if there is one, the remedy. */
    String describe(SQLException e) {
        String message = "PostgreSQL at " + database + ": " + firstLine(e);
        String remedy = remedy(state(e));
        return remedy.isEmpty() ? message : message + "; " + remedy;
    }

    private String remedy(String state) {
        return switch (state) {
            case "28P01", "28000" ->
                "check RELAY_CLUSTER_USER and RELAY_CLUSTER_PASSWORD, and that pg_hba.conf admits user "
                        + database.user();
            case "3D000" -> "create the database, or correct the JDBC URL";
            case "3F000" -> "create the schema, or correct currentSchema in the JDBC URL";
            case "42501" ->
                "let user " + database.user()
                        + " create tables there (GRANT CREATE ON SCHEMA), or let the owner load Relay's tables and"
                        + " grant SELECT, INSERT, UPDATE and DELETE on them";
            case "42P01", "42883" -> "Relay's tables are missing; restart the relay server to create them";
            case "53300" -> "each relay server needs three connections; raise max_connections";
            case "53100" -> "make room on the disk of the database";
            case "25006" ->
                "this server is a standby or read-only; name the primary, or add targetServerType=primary to the JDBC URL";
            case "08001", "08006", "08004" ->
                "check that the server runs, and the host, port and TLS parameters of the JDBC URL";
            default -> "";
        };
    }

    private static String firstLine(SQLException e) {
        String message = String.valueOf(e.getMessage());
        Throwable cause = e.getCause();
        if (cause != null && cause.getMessage() != null) message += " (" + cause.getMessage() + ")";
        return message.lines().findFirst().orElse("");
    }

    private static String state(SQLException e) {
        String state = e.getSQLState();
        return state == null ? "" : state;
    }
}
