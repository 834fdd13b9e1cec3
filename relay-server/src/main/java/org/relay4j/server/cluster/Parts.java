package org.relay4j.server.cluster;

import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.RegistryUnavailableException;

/** The parts of a node that an operation needs. */
record Parts(Access access, Presence presence, Writer writer, View view, Sync sync) {
    /** Maximum number of attempts of an operation, if other nodes change the same entries meanwhile. */
    static final int MOST_ATTEMPTS = 8;

    /** Runs an operation on a tunnel when it is its turn. The turn ends when the operation is complete. */
    <T> CompletableFuture<T> turn(String tunnel, Consumer<CompletableFuture<T>> operation) {
        CompletableFuture<T> result = new CompletableFuture<>();
        CompletableFuture<T> inner = new CompletableFuture<>();
        boolean begun = sync.beginTurn(tunnel, () -> {
            if (presence.state() == RegistryState.CONNECTED) {
                operation.accept(inner);
            } else {
                inner.completeExceptionally(unavailable("the registry cannot be reached at present"));
            }
        });
        if (!begun) {
            result.completeExceptionally(unavailable("too many requests for this tunnel are waiting"));
            return result;
        }
        var unused = inner.whenComplete((value, failure) -> {
            sync.endTurn(tunnel);
            if (failure == null) {
                result.complete(value);
            } else {
                result.completeExceptionally(failure);
            }
        });
        return result;
    }

    /** Returns an exception that says that nothing has happened. */
    static RegistryUnavailableException unavailable(String message) {
        return new RegistryUnavailableException(message, null, true);
    }

    static boolean isOutcomeKnown(RegistryException why) {
        return !(why instanceof RegistryUnavailableException unknown) || unknown.isOutcomeKnown();
    }
}
