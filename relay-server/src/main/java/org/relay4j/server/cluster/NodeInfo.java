package org.relay4j.server.cluster;

import java.net.InetSocketAddress;

/**
 * A node of the cluster.
 *
 * @param incarnation differs each time the node is started
 * @param peerAddress where it accepts links of other nodes; its name is not resolved
 * @param loops the number of its event loops
 * @param draining whether it is about to leave
 */
public record NodeInfo(
        String name, String incarnation, InetSocketAddress peerAddress, int loops, String version, boolean draining) {
    /** Returns this node, draining or not. */
    NodeInfo draining(boolean now) {
        return new NodeInfo(name, incarnation, peerAddress, loops, version, now);
    }
}
