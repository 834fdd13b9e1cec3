package org.relay4j.server.cluster;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;

/** Receives what a node learns of its cluster. Called on the executor of the node, one call after the other; must not block. */
public interface ClusterListener {
    /** The routes of other nodes for an endpoint have changed. The list is the one that {@link ClusterNode#routes} now returns. */
    void routes(Endpoint endpoint, List<Route> now);

    /** No tunnel has an endpoint any more that had routes to other nodes. Called a few seconds after the last route has gone. */
    void free(Endpoint endpoint);

    /** A node has joined, or something about it has changed. Not called for the node itself. */
    void node(NodeInfo node);

    /** A node has left, or has not been heard of for too long. */
    void nodeGone(String name);

    /**
     * A tunnel of this node no longer has an endpoint, and must stop serving it.
     *
     * @param endpoint null if the tunnel is lost as a whole
     * @param why for the log
     */
    void lost(String tunnel, @Nullable Endpoint endpoint, String why);

    /**
     * Something in the registry is not as a node writes it. It may be reported each time it is seen.
     *
     * @param what for the log
     */
    default void problem(String what) {}

    /** The node has lost the registry, or has it again. */
    void state(RegistryState state);
}
