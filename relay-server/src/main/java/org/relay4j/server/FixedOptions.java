package org.relay4j.server;

import java.util.Objects;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/** The options that cannot change while a server runs. */
final class FixedOptions {
    private final StringJoiner changed = new StringJoiner(
                    ", ", "these options cannot change while the server runs: ", "; start a new server for them")
            .setEmptyValue("");

    private FixedOptions() {}

    /** @throws IllegalArgumentException if one of them differs; the message names each, with both values */
    static void require(RelayServerOptions before, RelayServerOptions after) {
        String changed = new FixedOptions().compare(before, after);
        if (!changed.isEmpty()) throw new IllegalArgumentException(changed);
    }

    private String compare(RelayServerOptions before, RelayServerOptions after) {
        compare("bindAddress and port", before.controlAddress(), after.controlAddress());
        compare("controlSocket", before.controlSocket(), after.controlSocket());
        compare("controlSocketAccess", before.controlSocketAccess(), after.controlSocketAccess());
        compare("publicBindAddress", before.publicBindAddress(), after.publicBindAddress());
        compare("publicPorts", publicPorts(before), publicPorts(after));
        compare("httpsPort", before.httpsPort(), after.httpsPort());
        compare("httpPort", before.httpPort(), after.httpPort());
        compare("domain", before.domain(), after.domain());
        compare("loops", before.loops(), after.loops());
        compare("stickyPorts", before.stickyPorts(), after.stickyPorts());
        compare("stateFile", before.stateFile(), after.stateFile());
        compare("trustedProxies", before.trustedProxyNetworks(), after.trustedProxyNetworks());
        compare("tls", before.tls() == null ? "off" : "on", after.tls() == null ? "off" : "on");
        compare("extended", before.extended(), after.extended());
        compare("requireName", before.requireName(), after.requireName());
        compare("policy", before.ownPolicy(), after.ownPolicy());
        compare("cluster", before.cluster(), after.cluster());
        compare("listener", before.listener(), after.listener());
        return changed.toString();
    }

    private void compare(String name, @Nullable Object before, @Nullable Object after) {
        if (!Objects.equals(before, after)) changed.add(name + " (from " + before + " to " + after + ")");
    }

    private static String publicPorts(RelayServerOptions options) {
        if (options.lowestPublicPort() == 0) return "any";
        return options.lowestPublicPort() + "-" + options.highestPublicPort();
    }
}
