package org.relay4j.benchmarks.cluster;

import java.net.InetSocketAddress;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.relay4j.server.registry.RegistryProvider;
import org.relay4j.server.registry.RegistryStore;

/** Opens the store of a {@link StandInRegistry}: {@code standin:<host>:<port>}. For measurements only. Immutable. */
public final class StandInProvider implements RegistryProvider {
    /** Called by {@link java.util.ServiceLoader}. */
    public StandInProvider() {}

    @Override
    public String name() {
        return "standin";
    }

    @Override
    public RegistryStore open(String address, UnaryOperator<@Nullable String> settings) {
        int colon = address.lastIndexOf(':');
        if (colon < 1) throw new IllegalArgumentException("the address of the stand-in must be <host>:<port>");
        return new StandInStore(
                new InetSocketAddress(address.substring(0, colon), Integer.parseInt(address.substring(colon + 1))));
    }
}
