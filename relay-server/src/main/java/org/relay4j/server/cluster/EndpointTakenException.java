package org.relay4j.server.cluster;

import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.server.registry.Entry;
import org.relay4j.server.registry.RegistryException;

/** An endpoint belongs to another tunnel. */
public class EndpointTakenException extends RegistryException {
    private static final long serialVersionUID = 1;

    private final transient Endpoint endpoint;
    private final transient Holder holder;

    /**
     * The tunnel that has the endpoint.
     *
     * @param tunnel empty if the claim cannot be read
     * @param owner the name of its client; null without one
     * @param node the node on whose lease the claim depends
     * @param epoch of the claim
     * @param revision of the claim
     * @param next the epoch that a claim in its place must state; 0 if its revision suffices
     */
    public record Holder(String tunnel, @Nullable String owner, String node, long epoch, long revision, long next) {}

    EndpointTakenException(Endpoint endpoint, Holder holder) {
        this(endpoint, holder, endpoint + " is in use by tunnel " + holder.tunnel() + " on node " + holder.node());
    }

    private EndpointTakenException(Endpoint endpoint, Holder holder, String message) {
        super(message, null);
        this.endpoint = endpoint;
        this.holder = holder;
    }

    /** Returns an exception for an endpoint whose claim cannot be read: nobody knows which tunnel has it. */
    static EndpointTakenException damaged(Endpoint endpoint, Entry claim) {
        String message = endpoint + " cannot be claimed: entry " + claim.key() + " of the store is damaged; delete it";
        return new EndpointTakenException(endpoint, new Holder("", null, "", 0, claim.revision(), 0), message);
    }

    /** Returns the endpoint. */
    public Endpoint endpoint() {
        return endpoint;
    }

    /** Returns the tunnel that has it. */
    public Holder holder() {
        return holder;
    }
}
