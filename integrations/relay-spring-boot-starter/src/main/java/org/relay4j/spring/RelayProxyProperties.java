package org.relay4j.spring;

import java.net.InetSocketAddress;
import java.net.PasswordAuthentication;
import java.net.Proxy;
import org.jspecify.annotations.Nullable;
import org.relay4j.client.RelayClientOptions;

/** The properties {@code relay.proxy.*}: the proxy on the way to the relay server. */
final class RelayProxyProperties {
    /** Host of the proxy. If it is not set, there is none. */
    private @Nullable String host;

    /** Port of the proxy. */
    private @Nullable Integer port;

    /** Kind of the proxy. */
    private Proxy.Type type = Proxy.Type.HTTP;

    /** User name for the proxy. */
    private @Nullable String username;

    /** Password for the proxy; for an environment variable or a secret store. */
    private @Nullable String password;

    /** Adds the proxy to the options, if there is one. */
    void addTo(RelayClientOptions.Builder options) {
        if (host == null || host.isBlank() || type == Proxy.Type.DIRECT) return;
        Integer value = port;
        if (value == null)
            throw RelayProperties.invalid("proxy.port", null, "it must be set if relay.proxy.host is set");
        if (value < 1 || value > 65_535) throw RelayProperties.invalid("proxy.port", value, "it must be 1 to 65535");
        options.proxy(new Proxy(type, InetSocketAddress.createUnresolved(host, value)));
        if (username == null) return;
        if (password == null) {
            throw RelayProperties.invalid("proxy.username", username, "it needs relay.proxy.password");
        }
        try {
            options.proxyCredentials(new PasswordAuthentication(username, password.toCharArray()))
                    .build();
        } catch (IllegalArgumentException e) {
            // The password itself must not appear in a message, so that property is not named.
            throw RelayProperties.invalid("proxy.username", username, String.valueOf(e.getMessage()));
        }
    }

    // ---- for the binder

    public @Nullable String getHost() {
        return host;
    }

    public void setHost(@Nullable String host) {
        this.host = host;
    }

    public @Nullable Integer getPort() {
        return port;
    }

    public void setPort(@Nullable Integer port) {
        this.port = port;
    }

    public Proxy.Type getType() {
        return type;
    }

    public void setType(Proxy.Type type) {
        this.type = type;
    }

    public @Nullable String getUsername() {
        return username;
    }

    public void setUsername(@Nullable String username) {
        this.username = username;
    }

    public @Nullable String getPassword() {
        return password;
    }

    public void setPassword(@Nullable String password) {
        this.password = password;
    }
}
