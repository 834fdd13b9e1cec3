package org.relay4j.server.registry;

import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Opens a kind of store. Found by {@link java.util.ServiceLoader} under the name before the first colon of {@code
 * --cluster=<name>:<address>}.
 */
public interface RegistryProvider {
    /** Returns the name, for example {@code etcd}. */
    String name();

    /**
     * Opens a store. Does not connect yet; {@link RegistryStore#check} does.
     *
     * @param address what follows the name and the colon
     * @param settings user, password and files, by the name of the environment variable in which the command line has them; null if
     *     not set. They must never be logged.
     * @throws IllegalArgumentException if the address or a setting cannot be used; the message names it and the remedy
     */
    RegistryStore open(String address, UnaryOperator<@Nullable String> settings);
}
