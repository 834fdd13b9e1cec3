package org.relay4j.server.cluster;

/**
 * A node that serves an endpoint.
 *
 * @param epoch of the claim of the endpoint; a node that has another one for it refuses the visitor
 * @param loop the event loop of the node that has the tunnel
 */
public record Route(String node, String tunnel, long epoch, int loop) {}
