package org.relay4j.server.peer;

import org.relay4j.yamux.io.LoopGroup;

/**
 * What both ends of a link need to know of this node.
 *
 * @param cluster the name of the cluster
 * @param node the name of this node
 * @param incarnation differs in each run of this node: a node that has restarted has no tunnel of its last run
 * @param loops which serve the tunnels of this node, and its links
 * @param tls the certificate of this node, and the authority of the cluster
 */
public record PeerSettings(String cluster, String node, String incarnation, LoopGroup loops, PeerTls tls) {
    /** @throws IllegalArgumentException if a name has other characters than letters, digits, dot, hyphen and underscore */
    public PeerSettings {
        PeerName.requireValid("cluster", cluster);
        PeerName.requireValid("node", node);
        PeerName.requireValid("incarnation", incarnation);
    }
}
