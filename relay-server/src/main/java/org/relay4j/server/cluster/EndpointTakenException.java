package org.relay4j.server.cluster;

import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.server.registry.RegistryException;

/** An endpoint belongs to another tunnel. */
public class EndpointTakenException extends RegistryException {
    private static final long serialVersionUID = 1;

    private final transient Endpoint endpoint;
    private final transient Holder holder;

    /**
     * The tunnel that has the endpoint.
     *
     * @param owner the name of its client; null without one
     * @param node the node on whose lease the claim depends
     * @param revision of the claim
     */
    public record Holder(String tunnel, @Nullable String owner, String node, long revision) {}

    EndpointTakenException(Endpoint endpoint, Holder holder) {
        super(endpoint + " is in use by tunnel " + holder.tunnel() + " on node " + holder.node(), null);
        this.endpoint = endpoint;
        this.holder = holder;
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
