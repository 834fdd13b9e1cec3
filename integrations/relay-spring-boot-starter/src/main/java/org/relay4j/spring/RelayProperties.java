package org.relay4j.spring;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.client.ClientIdentity;
import org.relay4j.client.ProxyProtocol;
import org.relay4j.client.RelayClientOptions;
import org.relay4j.yamux.SessionOptions;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.NestedConfigurationProperty;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.util.unit.DataSize;

/** The properties {@code relay.*}: where the relay server is, and the options of the tunnel. */
@ConfigurationProperties("relay")
final class RelayProperties {
    // Longer than 300 lines because the binder needs a getter and a setter for each property.
    private static final Duration LONGEST = Duration.ofHours(1);

    /** Whether the web server gets a public port. */
    private boolean enabled = true;

    /** Host of the relay server. If it is not set, there is no tunnel. */
    private @Nullable String host;

    /** Control port of the relay server. */
    private @Nullable Integer port;

    /** Encryption of the connection to the relay server. */
    @NestedConfigurationProperty
    private final RelayTlsProperties tls = new RelayTlsProperties();

    /** The proxy on the way to the relay server. */
    @NestedConfigurationProperty
    private final RelayProxyProperties proxy = new RelayProxyProperties();

    /** Name of this client on the relay server, which its key proves. */
    private @Nullable String name;

    /** File with the private key of the client, as "relay keygen --client" writes it. */
    private @Nullable Path keyFile;

    /** Private key of the client, instead of a file; for an environment variable or a secret store. */
    private @Nullable String key;

    /** Public port to ask for. If it is not set, the relay server chooses. */
    private @Nullable Integer publicPort;

    /** What visitors address: "host:app.example.com" or "tcp:5432". If it is not set, a public port. */
    private @Nullable String endpoint;

    /** Whether other applications with the same relay.name may serve the endpoint, too. */
    private boolean share;

    /** File that keeps the lease of the tunnel, so that a restarted application gets the same public port. */
    private @Nullable Path leaseFile;

    /** Number of connections that carry the tunnel, 1 to 8. The loss of one costs its own visitors only. */
    private int connections = 1;

    /** Whether tunnel listeners learn the addresses of visitors. */
    private boolean visitorAddresses;

    /** Begin each connection to the web server with the visitor's address, in this version of the PROXY protocol. */
    private @Nullable ProxyProtocol proxyProtocol;

    /** How long to wait for a connection to the relay server, over all of its addresses. */
    private Duration connectTimeout = Duration.ofSeconds(10);

    /** How long to wait for the relay server's answer with a port. */
    private Duration handshakeTimeout = Duration.ofSeconds(10);

    /** How long visitors have to finish when the application stops. Then they are reset. */
    private Duration closeTimeout = Duration.ofSeconds(30);

    /** Whether the application fails to start when the first connect fails. If false, it starts and keeps trying. */
    private boolean failFast = true;

    /** Whether a lost tunnel is re-established. */
    private boolean reconnect = true;

    /** First pause between attempts to connect. Each further pause is about twice as long. */
    private Duration shortestBackoff = Duration.ofMillis(200);

    /** Longest pause between attempts to connect. */
    private Duration longestBackoff = Duration.ofSeconds(20);

    /** Initial flow-control window for each visitor. */
    private DataSize window = DataSize.ofKilobytes(256);

    /** Size up to which a window grows on a path with a long delay; 0 means that it never grows. */
    private DataSize maxWindow = DataSize.ofMegabytes(16);

    /** Returns the validated host. */
    String requiredHost() {
        String value = host;
        if (value == null || value.isBlank()) {
            throw invalid("host", value, "it must be the host name or address of the relay server");
        }
        return value;
    }

    /** Returns the validated port. */
    int requiredPort() {
        Integer value = port;
        if (value == null) throw invalid("port", null, "it must be set if relay.host is set");
        if (value < 1 || value > 65_535) throw invalid("port", value, "it must be 1 to 65535");
        return value;
    }

    /** Returns the validated endpoint; null if it is not set. */
    private @Nullable Endpoint checkedEndpoint() {
        String value = endpoint;
        if (value == null) return null;
        if (publicPort != null) throw invalid("endpoint", value, "relay.public-port is also set; set only one of them");
        try {
            boolean named = value.startsWith("host:") && !value.equals("host:0");
            Endpoint parsed = named
                    ? Endpoint.host(value.substring("host:".length()))
                    : Endpoint.parse(value.replaceFirst(":", "/"));
            if (parsed.kind() != Endpoint.Kind.UDP) return parsed;
            throw invalid("endpoint", value, "a web server needs host:<name> or tcp:<port>");
        } catch (IllegalArgumentException e) {
            throw invalid("endpoint", value, "it must be host:<name> or tcp:<port>: " + e.getMessage());
        }
    }

    /** Returns the validated endpoint if the tunnel must be asked for it; null for the public port of the options. */
    @Nullable
    WebEndpoint webEndpoint() {
        Endpoint checked = checkedEndpoint();
        if (share && (checked == null || checked.isAny())) {
            throw invalid("share", true, "it needs relay.endpoint, the port or host name that the applications share");
        }
        if (checked == null) return null;
        return share || checked.kind() == Endpoint.Kind.HOST ? new WebEndpoint(checked, share) : null;
    }

    private int checkedPublicPort() {
        if (webEndpoint() != null) return 0;
        Endpoint checked = checkedEndpoint();
        if (checked != null) return checked.number();
        Integer value = publicPort;
        if (value == null) return 0;
        if (value < 1 || value > 65_535) throw invalid("public-port", value, "it must be 1 to 65535");
        return value;
    }

    /** Returns the validated close timeout. */
    Duration checkedCloseTimeout() {
        if (closeTimeout.isNegative() || closeTimeout.compareTo(LONGEST) > 0) {
            throw invalid("close-timeout", closeTimeout, "it must be 0 to 1 h");
        }
        return closeTimeout;
    }

    /** Returns the options of the client. Validates each, so that an error names its property. */
    RelayClientOptions.Builder options() {
        RelayClientOptions.Builder client =
                RelayClientOptions.builder().retryFirst(!failFast).reconnect(reconnect);
        check(
                "connect-timeout",
                connectTimeout,
                () -> client.connectTimeout(connectTimeout).build());
        check(
                "handshake-timeout",
                handshakeTimeout,
                () -> client.handshakeTimeout(handshakeTimeout).build());
        check(
                "shortest-backoff",
                shortestBackoff,
                () -> client.backoff(shortestBackoff, LONGEST).build());
        check(
                "longest-backoff",
                longestBackoff,
                () -> client.backoff(shortestBackoff, longestBackoff).build());
        client.publicPort(checkedPublicPort());
        check("connections", connections, () -> client.connections(connections).build());
        client.tls(tls.client()).identity(identity()).leaseFile(leaseFile);
        client.visitorAddresses(visitorAddresses).proxyProtocol(proxyProtocol);
        proxy.addTo(client);
        SessionOptions.Builder session = SessionOptions.builder();
        check("window", window, () -> session.receiveWindow(bytes(window)).build());
        check(
                "max-window",
                maxWindow,
                () -> session.maxReceiveWindow(bytes(maxWindow)).build());
        return client.session(session.build());
    }

    private @Nullable ClientIdentity identity() {
        if (name == null) {
            if (keyFile == null && key == null) return null;
            throw invalid(
                    "name", null, "it must be set with relay.key-file or relay.key: the client's name on the server");
        }
        if (keyFile != null && key != null) {
            throw invalid("key-file", keyFile, "relay.key is also set; set only one of them");
        }
        if (keyFile == null && key == null) {
            throw invalid("name", name, "it needs the client's key: set relay.key-file or relay.key");
        }
        try {
            return keyFile != null
                    ? ClientIdentity.ofFile(name, keyFile)
                    : ClientIdentity.ofKey(name, Objects.requireNonNull(key));
        } catch (IOException e) {
            throw invalid("key-file", keyFile, String.valueOf(e.getMessage()));
        } catch (IllegalArgumentException e) {
            // The key itself must not appear in a message, so that property is not named.
            throw invalid("name", name, "it cannot be used with its key: " + e.getMessage());
        }
    }

    private static int bytes(DataSize size) {
        // A value that does not fit an int is out of range, and rejected by the caller.
        return (int) Math.max(-1, Math.min(Integer.MAX_VALUE, size.toBytes()));
    }

    private static void check(String name, Object value, Runnable build) {
        try {
            build.run();
        } catch (IllegalArgumentException e) {
            throw invalid(name, value, String.valueOf(e.getMessage()));
        }
    }

    /** Spring Boot adds the place where the property was set. */
    static InvalidConfigurationPropertyValueException invalid(String name, @Nullable Object value, String reason) {
        return new InvalidConfigurationPropertyValueException("relay." + name, value, reason);
    }

    // ---- for the binder

    public boolean isEnabled() {
        return enabled;
    }

    public void setEnabled(boolean enabled) {
        this.enabled = enabled;
    }

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

    public RelayTlsProperties getTls() {
        return tls;
    }

    public RelayProxyProperties getProxy() {
        return proxy;
    }

    public @Nullable String getName() {
        return name;
    }

    public void setName(@Nullable String name) {
        this.name = name;
    }

    public @Nullable Path getKeyFile() {
        return keyFile;
    }

    public void setKeyFile(@Nullable Path keyFile) {
        this.keyFile = keyFile;
    }

    public @Nullable String getKey() {
        return key;
    }

    public void setKey(@Nullable String key) {
        this.key = key;
    }

    public @Nullable Integer getPublicPort() {
        return publicPort;
    }

    public void setPublicPort(@Nullable Integer publicPort) {
        this.publicPort = publicPort;
    }

    public @Nullable String getEndpoint() {
        return endpoint;
    }

    public void setEndpoint(@Nullable String endpoint) {
        this.endpoint = endpoint;
    }

    public boolean isShare() {
        return share;
    }

    public void setShare(boolean share) {
        this.share = share;
    }

    public @Nullable Path getLeaseFile() {
        return leaseFile;
    }

    public void setLeaseFile(@Nullable Path leaseFile) {
        this.leaseFile = leaseFile;
    }

    public int getConnections() {
        return connections;
    }

    public void setConnections(int connections) {
        this.connections = connections;
    }

    public boolean isVisitorAddresses() {
        return visitorAddresses;
    }

    public void setVisitorAddresses(boolean visitorAddresses) {
        this.visitorAddresses = visitorAddresses;
    }

    public @Nullable ProxyProtocol getProxyProtocol() {
        return proxyProtocol;
    }

    public void setProxyProtocol(@Nullable ProxyProtocol proxyProtocol) {
        this.proxyProtocol = proxyProtocol;
    }

    public Duration getConnectTimeout() {
        return connectTimeout;
    }

    public void setConnectTimeout(Duration connectTimeout) {
        this.connectTimeout = connectTimeout;
    }

    public Duration getHandshakeTimeout() {
        return handshakeTimeout;
    }

    public void setHandshakeTimeout(Duration handshakeTimeout) {
        this.handshakeTimeout = handshakeTimeout;
    }

    public Duration getCloseTimeout() {
        return closeTimeout;
    }

    public void setCloseTimeout(Duration closeTimeout) {
        this.closeTimeout = closeTimeout;
    }

    public boolean isFailFast() {
        return failFast;
    }

    public void setFailFast(boolean failFast) {
        this.failFast = failFast;
    }

    public boolean isReconnect() {
        return reconnect;
    }

    public void setReconnect(boolean reconnect) {
        this.reconnect = reconnect;
    }

    public Duration getShortestBackoff() {
        return shortestBackoff;
    }

    public void setShortestBackoff(Duration shortestBackoff) {
        this.shortestBackoff = shortestBackoff;
    }

    public Duration getLongestBackoff() {
        return longestBackoff;
    }

    public void setLongestBackoff(Duration longestBackoff) {
        this.longestBackoff = longestBackoff;
    }

    public DataSize getWindow() {
        return window;
    }

    public void setWindow(DataSize window) {
        this.window = window;
    }

    public DataSize getMaxWindow() {
        return maxWindow;
    }

    public void setMaxWindow(DataSize maxWindow) {
        this.maxWindow = maxWindow;
    }
}
