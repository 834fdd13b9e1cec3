package org.relay4j.server;

import java.io.Closeable;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/**
 * Decides which clients a relay server knows by name, how they prove it, and what each may have. The server verifies the
 * proofs; a policy only looks clients up.
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
     * delays only clients with names; an implementation that asks a database or another server returns at once and completes
     * the stage later. A client is refused if the stage fails or takes longer than 3 s.
     *
     * @return a stage with the client; empty if the name is unknown
     */
    CompletionStage<Optional<NamedClient>> find(String name);

    /**
     * Returns what a client without a name may have. Called once, when the server starts.
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

    /** Returns the policy that knows no names. */
    static TunnelPolicy nobody() {
        return name -> CompletableFuture.completedFuture(Optional.empty());
    }
}
