package org.relay4j.server;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.relay4j.api.Endpoint;
import org.relay4j.server.registry.Entry;
import org.relay4j.server.registry.MemoryRegistryStore;
import org.relay4j.server.registry.Transaction;
import org.relay4j.testing.Await;
import org.relay4j.testing.FixedPort;
import org.relay4j.testing.SelfSignedKeys;

/** Nodes of a cluster in this JVM, on a loopback address each, with the same ports and a store in memory. */
final class TestCluster implements AutoCloseable {
    static final String NAME = "test";
    private static final int PORTS = 8;

    private final Path folder;
    private final ScheduledExecutorService threads = Executors.newScheduledThreadPool(2);
    private final MemoryRegistryStore data = new MemoryRegistryStore(System::nanoTime, threads);
    private final List<RelayServer> servers = new ArrayList<>();
    private final List<CutStore> stores = new ArrayList<>();
    private final int lowest;
    private final int control;
    private final int peer;
    private final Path authority;

    /** Makes certificates for {@code count} nodes, and starts none. */
    TestCluster(Path folder, int count) throws IOException, GeneralSecurityException {
        this.folder = folder;
        int first = FixedPort.range(PORTS + 2);
        control = first;
        peer = first + 1;
        lowest = first + 2;
        authority = folder.resolve("ca.pem");
        StringBuilder all = new StringBuilder();
        for (int n = 1; n <= count; n++) all.append(Files.readString(certify(n, NAME)));
        Files.writeString(authority, all);
        var unused = threads.scheduleAtFixedRate(data::endLeases, 20, 20, TimeUnit.MILLISECONDS);
    }

    private Path certify(int number, String cluster) throws IOException, GeneralSecurityException {
        String node = "n" + number;
        SelfSignedKeys keys =
                SelfSignedKeys.make(folder.resolve(node + ".p12"), node, "relay://" + cluster + "/" + node);
        keys.writeKey(folder.resolve(node + ".key"));
        return keys.writeCertificate(folder.resolve(node + ".pem"));
    }

    /** Returns the address of a node, from 1. */
    static InetAddress address(int number) throws IOException {
        return InetAddress.getByName("127.0.1." + number);
    }

    /** Starts node {@code number}, from 1. */
    RelayServer start(int number) throws IOException {
        return start(number, options -> options, cluster -> cluster);
    }

    RelayServer start(
            int number,
            UnaryOperator<RelayServerOptions.Builder> options,
            UnaryOperator<ClusterOptions.Builder> cluster)
            throws IOException {
        CutStore store = new CutStore(data.share(threads));
        ClusterOptions.Builder node = ClusterOptions.builder()
                .store(store)
                .name(NAME)
                .node("n" + number)
                .peerAddress(new InetSocketAddress(address(number), peer))
                .peerCertificate(
                        folder.resolve("n" + number + ".pem"), folder.resolve("n" + number + ".key"), authority)
                .drainDelay(Duration.ZERO);
        RelayServer server = RelayServer.start(options.apply(RelayServerOptions.builder()
                        .bindAddress(address(number))
                        .port(control)
                        .publicBindAddress(address(number))
                        .publicPorts(lowest, lowest + PORTS - 1)
                        .loops(2)
                        .extended(true)
                        .cluster(cluster.apply(node).build()))
                .build());
        servers.add(server);
        stores.add(store);
        return server;
    }

    int lowestPort() {
        return lowest;
    }

    int peerPort() {
        return peer;
    }

    Path authority() {
        return authority;
    }

    /** Connects a visitor to a port of a node. */
    static Socket visit(RelayServer at, int port) throws IOException {
        Socket visitor = new Socket(at.address().getAddress(), port);
        visitor.setSoTimeout((int) Await.DEADLINE.toMillis());
        return visitor;
    }

    /** Waits until a node listens for the visitors of a port whose tunnel is elsewhere. */
    static void awaitRouted(RelayServer at, int port) {
        Cluster cluster = at.cluster();
        if (cluster == null) throw new AssertionError("not a node");
        Await.until("a route to port " + port, () -> cluster.routed().isOpen(Endpoint.port(port)));
    }

    /** The node can no longer reach the store. */
    void cut(RelayServer server) {
        stores.get(servers.indexOf(server)).cut();
    }

    /** The store refuses everything of the node that needs room. */
    void fill(RelayServer server, String why) {
        stores.get(servers.indexOf(server)).fill(why);
    }

    /** Another user of the store writes into it. */
    void write(String key, String value) {
        data.commit(Transaction.NONE.put("/relay/" + NAME + "/" + key, value, 0))
                .toCompletableFuture()
                .join();
    }

    /** The node can no longer reach the store, and does not learn of changes. */
    void cutAll(RelayServer server) {
        stores.get(servers.indexOf(server)).cutAll();
    }

    /** The node can reach the store again. */
    void mend(RelayServer server) {
        stores.get(servers.indexOf(server)).mend();
    }

    /** Has something happen just before the node stores its next change. */
    void beforeNextChange(RelayServer server, Runnable event) {
        stores.get(servers.indexOf(server)).meanwhile(event);
    }

    /** Claims of the node are made from now on, and their answers wait for a stage. */
    void delayClaims(RelayServer server, CompletionStage<Void> until) {
        stores.get(servers.indexOf(server)).delayClaims(until);
    }

    /** Returns the keys of the store that begin with a text after the cluster's own prefix. */
    List<String> keys(String prefix) {
        return data.readAll("/relay/" + NAME + "/" + prefix).toCompletableFuture().join().entries().stream()
                .map(Entry::key)
                .toList();
    }

    /** The node dies, as with kill -9: it gives nothing back. */
    void kill(RelayServer server) {
        cut(server);
        server.close();
    }

    @Override
    public void close() {
        servers.forEach(RelayServer::close);
        threads.shutdownNow();
    }
}
