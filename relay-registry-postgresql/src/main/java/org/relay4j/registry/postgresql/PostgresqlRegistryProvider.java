package org.relay4j.registry.postgresql;

import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Properties;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.relay4j.server.registry.RegistryProvider;
import org.relay4j.server.registry.RegistryStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens a store in PostgreSQL 14 or later, through the JDBC driver {@code org.postgresql:postgresql}.
 *
 * <p>Its name is {@code postgresql}; the address is a JDBC URL such as {@code jdbc:postgresql://db.example.com/relay}, which also says
 * how the connection is encrypted. User and password are the settings {@code RELAY_CLUSTER_USER} and {@code RELAY_CLUSTER_PASSWORD}.
 */
public final class PostgresqlRegistryProvider implements RegistryProvider {
    private static final String USER = "RELAY_CLUSTER_USER";
    private static final String PASSWORD = "RELAY_CLUSTER_PASSWORD";
    private static final List<String> FILES = List.of("RELAY_CLUSTER_CA", "RELAY_CLUSTER_CERT", "RELAY_CLUSTER_KEY");

    private static final Pattern SECRET = Pattern.compile("[?&](user|password|sslpassword)=", Pattern.CASE_INSENSITIVE);

    private static final Pattern HOSTS = Pattern.compile("jdbc:postgresql://([^/?]+)");
    private static final Pattern LOCAL = Pattern.compile("(localhost|127\\.[0-9.]+|\\[::1])(:[0-9]+)?");
    private static final Pattern SAFE = Pattern.compile("[?&](sslmode=(require|verify-ca|verify-full)|ssl=true)(&|$)");
    private static final Logger log = LoggerFactory.getLogger(PostgresqlRegistryProvider.class);

    /** Called by {@link java.util.ServiceLoader}. */
    public PostgresqlRegistryProvider() {}

    @Override
    public String name() {
        return "postgresql";
    }

    @Override
    public RegistryStore open(String address, UnaryOperator<@Nullable String> settings) {
        // First, since the other messages quote the address.
        if (SECRET.matcher(address).find() || address.contains("@")) {
            throw new IllegalArgumentException(
                    "the address of the PostgreSQL database must not contain a user or a password; set " + USER
                            + " and " + PASSWORD + " instead");
        }
        if (!address.startsWith("jdbc:postgresql:")) {
            throw new IllegalArgumentException("the address \"" + address
                    + "\" is not a JDBC URL of PostgreSQL; write postgresql:jdbc:postgresql://db.example.com/relay");
        }
        for (String file : FILES) {
            if (settings.apply(file) != null) {
                throw new IllegalArgumentException(
                        file
                                + " is of no effect for PostgreSQL; put sslmode=verify-full, sslrootcert, sslcert and sslkey into the JDBC URL");
            }
        }
        String shown = address.replaceFirst("\\?.*", ""); // the parameters may have secrets
        if (isReadable(address)) {
            log.warn(
                    "relay server: networks on the way to {} may be able to read and change the claims of the cluster and its"
                            + " password; add sslmode=verify-full and sslrootcert to the JDBC URL",
                    shown);
        }
        try {
            return new PostgresqlStore(new Database(DriverManager.getDriver(address), address, properties(settings)));
        } catch (SQLException e) {
            throw new IllegalArgumentException(
                    "no JDBC driver accepts \"" + shown
                            + "\"; put PostgreSQL's driver beside relay.jar as postgresql.jar, or"
                            + " add org.postgresql:postgresql to the class path",
                    e);
        }
    }

    /** Returns whether the driver may connect over a network without TLS, or with TLS to anybody. */
    private static boolean isReadable(String address) {
        Matcher hosts = HOSTS.matcher(address);
        if (!hosts.lookingAt()) return false; // this machine
        return !SAFE.matcher(address).find()
                && Stream.of(hosts.group(1).split(","))
                        .anyMatch(host -> !LOCAL.matcher(host).matches());
    }

    private static Properties properties(UnaryOperator<@Nullable String> settings) {
        Properties properties = new Properties();
        String user = settings.apply(USER);
        String password = settings.apply(PASSWORD);
        if (user != null) properties.setProperty("user", user);
        if (password != null) properties.setProperty("password", password);
        return properties;
    }
}
