package org.relay4j.server;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.ServiceLoader;
import java.util.StringJoiner;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.control.ClientName;
import org.relay4j.server.peer.PeerTls;
import org.relay4j.server.registry.RegistryProvider;
import org.relay4j.server.registry.RegistryStore;
import org.relay4j.yamux.io.Bounds;

/**
 * How a relay server belongs to a cluster: the store that its nodes share, the name of this node, and the port for links from other
 * nodes. Immutable.
 *
 * <pre>{@code
 * ClusterOptions cluster = ClusterOptions.builder()
 *         .store(ClusterOptions.openStore("etcd:https://e1:2379,https://e2:2379", System::getenv))
 *         .node("relay-1")
 *         .peerAddress(new InetSocketAddress(7002))
 *         .peerCertificate(Path.of("relay-1.pem"), Path.of("relay-1.key"), Path.of("ca.pem"))
 *         .build();
 * RelayServerOptions options = RelayServerOptions.builder()
 *         .port(7000)
 *         .publicPorts(10_000, 19_999)
 *         .tls(ServerTls.ofFiles(certificateFile, certificateKeyFile)) // so that clients get leases
 *         .cluster(cluster)
 *         .build();
 * }</pre>
 */
public final class ClusterOptions {
    private final Builder values;

    private ClusterOptions(Builder values) {
        this.values = values;
    }

    /** Returns a builder with the defaults. */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Opens the store that an address names. Does not connect yet. The modules {@code relay-registry-etcd} and {@code
     * relay-registry-postgresql} have one each.
     *
     * @param address for example {@code etcd:https://e1:2379,https://e2:2379}
     * @param settings user, password and files, by the name of the environment variable in which the command line has them, such as
     *     {@code RELAY_CLUSTER_USER}; null if not set
     * @throws IllegalArgumentException if the address or a setting cannot be used; the message names it and the remedy
     */
    public static RegistryStore openStore(String address, UnaryOperator<@Nullable String> settings) {
        int colon = address.indexOf(':');
        String kind = colon < 0 ? "" : address.substring(0, colon);
        StringJoiner known = new StringJoiner(", ").setEmptyValue("none");
        for (RegistryProvider provider :
                ServiceLoader.load(RegistryProvider.class, RegistryProvider.class.getClassLoader())) {
            if (provider.name().equals(kind)) return provider.open(address.substring(colon + 1), settings);
            known.add(provider.name());
        }
        // only the name: the rest may have a password
        String found = colon < 0 ? "has no colon" : "begins with '" + kind + "'";
        throw new IllegalArgumentException("the address of the cluster's store " + found
                + ", but it must begin with the name of a store and a colon; the installed stores are: " + known);
    }

    /** Returns the store. */
    public RegistryStore store() {
        return Objects.requireNonNull(values.store);
    }

    /**
     * Checks what a start needs: that the certificate is that of this node, and that the store can be used. Blocks for 20 seconds at
     * most. The store stays open.
     *
     * @throws IOException if something cannot be used; the message says what, and the remedy
     */
    public void check() throws IOException {
        PeerTls.ofFiles(certificates(), key(), authority()).requireName(name(), node());
        ClusterStart.await(store().check("/relay/" + name() + "/"), "the store of the cluster cannot be used: ");
    }

    /** Returns the name of the cluster. */
    public String name() {
        return values.name;
    }

    /** Returns the name of this node. */
    public String node() {
        return values.node;
    }

    /** Returns the local address for links from other nodes. */
    public InetSocketAddress peerAddress() {
        return Objects.requireNonNull(values.peerAddress);
    }

    /** Returns the address at which other nodes reach this one; its name is not resolved here. */
    public InetSocketAddress advertisedAddress() {
        InetSocketAddress advertised = values.advertised;
        if (advertised != null) return advertised;
        InetSocketAddress bound = peerAddress();
        InetAddress address = bound.getAddress();
        return address == null || address.isAnyLocalAddress()
                ? InetSocketAddress.createUnresolved(values.node, bound.getPort())
                : bound;
    }

    /** Returns the file with the certificate of this node. */
    public Path certificates() {
        return Objects.requireNonNull(values.certificates);
    }

    /** Returns the file with the key of this node. */
    public Path key() {
        return Objects.requireNonNull(values.key);
    }

    /** Returns the file with the certificates of the cluster's authority. */
    public Path authority() {
        return Objects.requireNonNull(values.authority);
    }

    /** Returns how long public ports accept visitors after this node has begun to leave. */
    public Duration drainDelay() {
        return values.drainDelay;
    }

    /** Returns how long visitors wait for a node to take them. */
    Duration hold() {
        return values.hold;
    }

    /** A builder of options; {@link #build} validates the values. Not safe for use by several threads. */
    public static final class Builder {
        private @Nullable RegistryStore store;
        private String name = "relay";
        private String node = "";
        private @Nullable InetSocketAddress peerAddress;
        private @Nullable InetSocketAddress advertised;
        private @Nullable Path certificates;
        private @Nullable Path key;
        private @Nullable Path authority;
        private Duration drainDelay = Duration.ofSeconds(5);
        private Duration hold = Duration.ofSeconds(30);

        private Builder() {}

        private Builder(Builder other) {
            store = other.store;
            name = other.name;
            node = other.node;
            peerAddress = other.peerAddress;
            advertised = other.advertised;
            certificates = other.certificates;
            key = other.key;
            authority = other.authority;
            drainDelay = other.drainDelay;
            hold = other.hold;
        }

        /** Sets the store that all nodes of the cluster share. The server closes it. Required. */
        public Builder store(@Nullable RegistryStore newStore) {
            store = newStore;
            return this;
        }

        /** Sets the name of the cluster: default {@code relay}. Clusters with different names may share a store. */
        public Builder name(String newName) {
            name = newName;
            return this;
        }

        /** Sets the name of this node, which no other node of the cluster may have. Required. */
        public Builder node(String newName) {
            node = newName;
            return this;
        }

        /** Sets the local address and port for links from other nodes. Required. */
        public Builder peerAddress(InetSocketAddress address) {
            peerAddress = address;
            return this;
        }

        /**
         * Sets the address at which other nodes reach this one, with a name that they can resolve. The default is the {@link
         * #peerAddress}; if that stands for all addresses, the name of the node.
         */
        public Builder advertisedAddress(InetSocketAddress address) {
            advertised = address;
            return this;
        }

        /**
         * Sets the PEM files with which this node proves its name to other nodes, and verifies theirs. The certificate of a node
         * has the alternative name {@code URI:relay://<cluster>/<node>}. Changed files are used for the next link. Required.
         *
         * @param certificates the certificate of this node, and its chain
         * @param key its private key, unencrypted PKCS#8
         * @param authority the certificates of the cluster's own authority
         */
        public Builder peerCertificate(Path certificates, Path key, Path authority) {
            this.certificates = certificates;
            this.key = key;
            this.authority = authority;
            return this;
        }

        /**
         * Sets how long the public ports still accept visitors after {@link RelayServer#close(Duration)} was called: default 5 s,
         * 0 to 10 minutes. Load balancers need that time to notice that the node leaves.
         */
        public Builder drainDelay(Duration delay) {
            drainDelay = delay;
            return this;
        }

        /** For tests: how long visitors wait for a node to take them. */
        Builder hold(Duration time) {
            hold = time;
            return this;
        }

        /**
         * Validates the values and returns the options.
         *
         * @throws IllegalArgumentException if a value is missing or out of range; the message names it
         */
        public ClusterOptions build() {
            require(store != null, "the store of the cluster is missing; set store");
            requireName("cluster", name);
            requireName("node", node);
            InetSocketAddress bound = peerAddress;
            require(
                    bound != null && bound.getPort() != 0,
                    "the port for links from other nodes is missing; set peerAddress");
            require(
                    certificates != null && key != null && authority != null,
                    "the certificate of the node is missing; set peerCertificate");
            Bounds.notNegative("drainDelay", drainDelay);
            require(drainDelay.compareTo(Duration.ofMinutes(10)) <= 0, "drainDelay must be at most 10 minutes");
            Bounds.timeout("hold", hold);
            return new ClusterOptions(new Builder(this));
        }

        private static void requireName(String what, String name) {
            require(
                    ClientName.isValid(name),
                    "the name of the " + what + " is '" + name + "', it must be " + ClientName.FORM);
        }

        private static void require(boolean holds, String otherwise) {
            if (!holds) throw new IllegalArgumentException(otherwise);
        }
    }
}
