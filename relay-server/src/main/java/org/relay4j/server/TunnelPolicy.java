package org.relay4j.server;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.relay4j.api.Endpoint;
import org.relay4j.server.files.FileWatch;

/**
 * The clients that a relay server knows by name, with their proofs and limits. The server verifies the proofs; a policy only
 * looks clients up.
 *
 * <pre>{@code
 * ClientLimits limits = ClientLimits.builder().port(5432).maxVisitors(100).build();
 * NamedClient alice = NamedClient.ofKey("MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=", limits);
 * Map<String, NamedClient> clients = Map.of("alice", alice);
 * TunnelPolicy policy = name -> CompletableFuture.completedFuture(Optional.ofNullable(clients.get(name)));
 * }</pre>
 *
 * <p>Implementations must be safe for use by several threads.
 */
@FunctionalInterface
public interface TunnelPolicy {
    /**
     * Looks up the client with a name. Called for each client that presents one, before its proof is verified: the name may be
     * any that a stranger invents, in the form {@code [A-Za-z0-9._-]{1,64}}. The server calls this method on a thread that
     * delays only clients with names. An implementation that asks a database or another server should return at once and complete
     * the stage later. A client is refused if the stage fails or takes longer than 3 s.
     *
     * @return a stage with the client; empty if the name is unknown
     */
    CompletionStage<Optional<NamedClient>> find(String name);

    /**
     * Returns the limits of clients without a name. Called once, when the server starts.
     *
     * @return by default {@link ClientLimits#defaults}: one free port a tunnel, within the limits of the server
     */
    default ClientLimits nameless() {
        return ClientLimits.defaults();
    }

    /**
     * Starts to report names that have lost their proof: {@code revoked} must be called with each name that is removed, or
     * whose keys or permission to use a certificate change. The server then ends the tunnels of this name. Clients that still
     * have a valid proof return. Called once, when the server starts.
     *
     * @param revoked does not block; any thread may call it
     * @return called when the server closes; no calls of {@code revoked} are needed afterwards
     */
    default Closeable watch(Consumer<String> revoked) {
        return () -> {};
    }

    /**
     * Returns whether a client with a name may have a public port. Called only at a node of a cluster, when another node announces
     * a tunnel with a port outside the server's range: this node opens the port only if the answer is true. Called on a loop of the
     * server, so it must not block.
     *
     * @param endpoint a TCP port
     * @return by default true, because a policy need not know all of its clients
     */
    default boolean mayGrant(Endpoint endpoint) {
        return true;
    }

    /** Returns the policy that knows no names. */
    static TunnelPolicy nobody() {
        return new TunnelPolicy() {
            @Override
            public CompletionStage<Optional<NamedClient>> find(String name) {
                return CompletableFuture.completedFuture(Optional.empty());
            }

            @Override
            public boolean mayGrant(Endpoint endpoint) {
                return false;
            }
        };
    }

    /**
     * Reads the clients from a TOML file, one table for each:
     *
     * <pre>
     * [clients.alice]
     * key = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="
     * ports = [5432, "7000-7010"]
     * max-visitors = 100
     * </pre>
     *
     * <p>While a server uses the policy, the file is read again within a few seconds of a change. Tunnels of names that were
     * removed, or have other keys, end; new limits apply to new tunnels. A changed file that cannot be used is reported in the
     * log, and the clients stay as they were. {@code docs/operations.md} lists all keys.
     *
     * <p>Requires the library {@code org.tomlj:tomlj}, an optional dependency of relay-server.
     *
     * @throws IOException if the file cannot be used; the message begins with file, line and column
     * @throws IllegalStateException if the library is missing
     */
    static TunnelPolicy ofFile(Path file) throws IOException {
        try {
            return new FilePolicy(Objects.requireNonNull(file, "file"), FileWatch.INTERVAL);
        } catch (NoClassDefFoundError e) {
            throw new IllegalStateException(
                    "cannot read " + file + " without the library org.tomlj:tomlj; add it to the dependencies", e);
        }
    }
}
