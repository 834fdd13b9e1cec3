package org.relay4j.registry.etcd;

import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.relay4j.server.registry.RegistryProvider;
import org.relay4j.server.registry.RegistryStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens stores in etcd: {@code etcd:https://e1:2379,https://e2:2379}.
 *
 * <p>The settings are {@code RELAY_CLUSTER_USER} and {@code RELAY_CLUSTER_PASSWORD}, if etcd has users; {@code RELAY_CLUSTER_CA}, a PEM
 * file with the certificates that sign those of etcd, if they are not public ones; and {@code RELAY_CLUSTER_CERT} and {@code
 * RELAY_CLUSTER_KEY}, PEM files, if etcd wants a certificate from its clients. Files that have changed are read again for new
 * connections. Immutable.
 */
public final class EtcdRegistryProvider implements RegistryProvider {
    private static final int MOST_ENDPOINTS = 16;

    private static final Logger log = LoggerFactory.getLogger(EtcdRegistryProvider.class);

    /** Called by {@link java.util.ServiceLoader}. */
    public EtcdRegistryProvider() {}

    @Override
    public String name() {
        return "etcd";
    }

    @Override
    public RegistryStore open(String address, UnaryOperator<@Nullable String> settings) {
        List<URI> endpoints = endpoints(address);
        String user = settings.apply("RELAY_CLUSTER_USER");
        String password = settings.apply("RELAY_CLUSTER_PASSWORD");
        if ((user == null) != (password == null)) {
            throw new IllegalArgumentException(
                    "RELAY_CLUSTER_USER and RELAY_CLUSTER_PASSWORD belong together: set both or none");
        }
        if (endpoints.stream().anyMatch(EtcdRegistryProvider::isReadable)) {
            log.warn(
                    "relay server: networks on the way to etcd at {} can read and change{} the claims of the cluster; give etcd a"
                            + " certificate, and begin its endpoints with https://",
                    endpoints,
                    password == null ? "" : " the password and");
        }
        return new EtcdRegistryStore(new EtcdSettings(endpoints, user, password, tls(endpoints, settings)));
    }

    /** Returns whether requests go over a network without TLS. */
    private static boolean isReadable(URI endpoint) {
        String host = endpoint.getHost();
        boolean local = host.equals("localhost") || host.startsWith("127.") || host.equals("[::1]");
        return "http".equals(endpoint.getScheme()) && !local;
    }

    private static List<URI> endpoints(String address) {
        List<URI> endpoints = new ArrayList<>();
        for (String each : address.split(",", -1)) endpoints.add(endpoint(each.strip()));
        if (endpoints.size() > MOST_ENDPOINTS) {
            throw new IllegalArgumentException("more than " + MOST_ENDPOINTS + " endpoints of etcd");
        }
        if (endpoints.stream().map(URI::getScheme).distinct().count() > 1) {
            throw new IllegalArgumentException("endpoints of etcd must all begin with https:// or all with http://");
        }
        return endpoints;
    }

    private static URI endpoint(String text) {
        URI uri;
        try {
            uri = new URI(text);
        } catch (URISyntaxException e) {
            throw wrong(text);
        }
        boolean http = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
        boolean bare = uri.getUserInfo() == null && uri.getQuery() == null && uri.getFragment() == null;
        boolean root = "".equals(uri.getPath()) || "/".equals(uri.getPath());
        if (!http || uri.getHost() == null || uri.getPort() == 0 || !bare || !root) throw wrong(text);
        return uri.getPort() > 0 ? uri : URI.create(uri.getScheme() + "://" + uri.getHost() + ":2379");
    }

    private static IllegalArgumentException wrong(String text) {
        String shown =
                text.contains("@") ? "an endpoint of etcd with an @" : "\"" + text + "\""; // no password in a log
        return new IllegalArgumentException(
                shown + " is no endpoint of etcd: write https://host:port, several with commas between them");
    }

    private static @Nullable EtcdTls tls(List<URI> endpoints, UnaryOperator<@Nullable String> settings) {
        String ca = settings.apply("RELAY_CLUSTER_CA");
        String certificate = settings.apply("RELAY_CLUSTER_CERT");
        String key = settings.apply("RELAY_CLUSTER_KEY");
        if ((certificate == null) != (key == null)) {
            throw new IllegalArgumentException(
                    "RELAY_CLUSTER_CERT and RELAY_CLUSTER_KEY belong together: set both or none");
        }
        if (ca == null && certificate == null) return null;
        if (!"https".equals(endpoints.get(0).getScheme())) {
            throw new IllegalArgumentException(
                    "RELAY_CLUSTER_CA and RELAY_CLUSTER_CERT have no use without TLS: begin the endpoints of etcd with https://");
        }
        try {
            return new EtcdTls(
                    file("RELAY_CLUSTER_CA", ca),
                    file("RELAY_CLUSTER_CERT", certificate),
                    file("RELAY_CLUSTER_KEY", key));
        } catch (IOException e) {
            throw new IllegalArgumentException("cannot use the certificates for etcd: " + e.getMessage(), e);
        }
    }

    private static @Nullable Path file(String setting, @Nullable String value) {
        try {
            return value == null ? null : Path.of(value);
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException(setting + " is no path of a file: " + e.getReason(), e);
        }
    }
}
