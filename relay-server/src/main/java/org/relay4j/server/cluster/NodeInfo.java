package org.relay4j.server.cluster;

import java.net.InetSocketAddress;

/**
 * A node of the cluster.
 *
 * @param incarnation differs each time the node is started
 * @param peerAddress where it accepts links of other nodes; its name is not resolved
 * @param loops the number of its event loops: 1 to {@value #MOST_LOOPS}
 * @param draining whether it is about to leave
 */
public record NodeInfo(
        String name, String incarnation, InetSocketAddress peerAddress, int loops, String version, boolean draining) {
    /** Maximum number of loops: that of a relay server. */
    public static final int MOST_LOOPS = 1_024;

    /** Returns this node, draining or not. */
    NodeInfo draining(boolean now) {
        return new NodeInfo(name, incarnation, peerAddress, loops, version, now);
    }
}
