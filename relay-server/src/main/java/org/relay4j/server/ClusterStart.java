package org.relay4j.server;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.relay4j.server.cluster.ClusterSettings;
import org.relay4j.server.peer.PeerTls;

/** The start of a node of a cluster. */
final class ClusterStart {
    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(20); // a node tells after 15 s why it cannot join

    private ClusterStart() {}

    /**
     * Opens the port for links from other nodes.
     *
     * @throws IOException if the certificate cannot be used or is not that of the node, or the port cannot be bound; the message says
     *     what to do
     */
    static Cluster open(RelayServer server, ClusterOptions options) throws IOException {
        PeerTls tls = PeerTls.ofFiles(options.certificates(), options.key(), options.authority());
        tls.requireName(options.name(), options.node());
        ClusterSettings settings;
        try {
            settings = ClusterSettings.of(
                            options.name(),
                            options.node(),
                            options.advertisedAddress(),
                            server.loops().size(),
                            version())
                    .lease(server.options().lease());
        } catch (IllegalArgumentException e) {
            throw new IOException(e.getMessage(), e);
        }
        return new Cluster(server, options, settings, tls);
    }

    private static String version() {
        String version = ClusterStart.class.getPackage().getImplementationVersion();
        return version == null ? "unknown" : version;
    }

    /**
     * Blocks until a request to the store is complete, for 20 seconds at most.
     *
     * @param failed the beginning of the message of a failure
     * @throws IOException if it has failed, or was not complete in time
     */
    static void await(CompletionStage<Void> stage, String failed) throws IOException {
        try {
            stage.toCompletableFuture().get(PATIENCE, TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            throw new IOException(failed + cause.getMessage(), cause);
        } catch (TimeoutException e) {
            throw new IOException(failed + "no answer within 20 s; check that this machine can reach the store", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for the store of the cluster");
        }
    }
}
