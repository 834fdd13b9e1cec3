package org.relay4j.registry.postgresql;

import java.sql.Connection;
import java.sql.Driver;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Properties;
import org.relay4j.server.registry.RegistryStore;

/** Where the database is, and how to connect to it. Immutable. */
final class Database {
    /** Seconds that a connection waits for an answer: the patience of a request, since an earlier end helps nobody. */
    private static final int ANSWER = (int) RegistryStore.PATIENCE.toSeconds();

    /**
     * What the functions rely on: a transaction sees what was committed before it got the lock, a request ends when nobody waits for it
     * any more, and an acknowledged change survives a crash.
     */
    private static final String SET_UP = "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED;"
            + "SET statement_timeout = '" + ANSWER + "s';"
            + "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

    private final Driver driver;
    private final String url;
    private final Properties properties;

    /** @param properties user and password */
    Database(Driver driver, String url, Properties properties) {
        this.driver = driver;
        this.url = url;
        this.properties = new Properties();
        this.properties.setProperty("connectTimeout", "1"); // seconds for each address
        this.properties.setProperty("socketTimeout", Integer.toString(ANSWER));
        this.properties.setProperty("tcpKeepAlive", "true");
        this.properties.setProperty("ApplicationName", "relay");
        this.properties.putAll(properties);
    }

    /** Opens a connection. Blocks, at most about a second for each address and three seconds for each answer. */
    Connection connect() throws SQLException {
        Connection connection = driver.connect(url, properties);
        if (connection == null) throw new SQLException("the driver does not accept the address", "08001");
        try (Statement statement = connection.createStatement()) {
            statement.execute(SET_UP);
        } catch (SQLException e) {
            try (connection) {
                throw e;
            }
        }
        return connection;
    }

    String user() {
        return properties.getProperty("user", System.getProperty("user.name"));
    }

    /** The address without its parameters. */
    @Override
    public String toString() {
        int parameters = url.indexOf('?');
        return parameters < 0 ? url : url.substring(0, parameters);
    }
}
