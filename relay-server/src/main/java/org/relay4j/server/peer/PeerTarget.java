package org.relay4j.server.peer;

/** Decides what becomes of the visitors that other nodes pass to this one. */
public interface PeerTarget {
    /**
     * Decides at once, without waiting for a client, whose connection may be out of room for a moment. Called on the loop of the request, with no lock held. A visitor of another
     * node is never passed to a third one.
     */
    PeerDecision visit(PeerRequest request);
}
