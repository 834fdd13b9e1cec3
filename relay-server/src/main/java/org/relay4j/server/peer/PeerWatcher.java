package org.relay4j.server.peer;

/** Learns whether other nodes are alive, as far as their links show. Called on loops; must not block. */
public interface PeerWatcher {
    /** The node has answered within the last 1.5 s. Called every half second while there is a link. */
    void alive(String node);

    /** A link to the node has ended, because the node was silent or the connection was lost. */
    void dead(String node);
}
