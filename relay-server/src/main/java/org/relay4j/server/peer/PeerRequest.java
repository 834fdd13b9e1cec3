package org.relay4j.server.peer;

import org.relay4j.api.Endpoint;
import org.relay4j.api.proxy.ProxyHeader;
import org.relay4j.yamux.io.Loop;

/**
 * A visitor that another node of the cluster passes to this one.
 *
 * @param node the name of the other node, from its certificate
 * @param endpoint that the visitor has addressed
 * @param epoch of the route by which the other node has chosen this one
 * @param visitor the addresses of the visitor and its identifier in logs, if the other node knows them
 * @param loop of the link, on which the visitor must be served
 */
public record PeerRequest(String node, Endpoint endpoint, long epoch, ProxyHeader visitor, Loop loop) {}
