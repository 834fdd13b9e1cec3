package org.relay4j.server.peer;

import org.relay4j.api.Endpoint;
import org.relay4j.yamux.io.LoopDriver;

/** What is sent to another node on a stream of its own, and waits for the link until then. On the loop of the link. */
interface PeerSending {
    /** Returns the endpoint that it concerns. */
    Endpoint endpoint();

    /** Sends it, with the lock of the session held. Returns false if there is no memory for a stream. */
    boolean send(PeerLink taker, LoopDriver over);

    /** It cannot be sent. From any thread. */
    void elsewhere(String why);
}
