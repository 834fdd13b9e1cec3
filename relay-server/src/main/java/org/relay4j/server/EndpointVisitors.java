package org.relay4j.server;

import org.relay4j.yamux.io.Loop;

/** What takes the visitors that an endpoint accepts: the queue of its tunnel, or in a cluster the way to the node with the tunnel. */
interface EndpointVisitors {
    /** Returns the loop on which visitors come back and leave. From any thread. */
    Loop loop();

    /** Returns whether a visitor that has connected should be accepted. */
    boolean canAccept();

    /** Called with a visitor that was accepted, directly after {@link #canAccept} has returned true. */
    void accepted(Arrival visitor);

    /** Called with a visitor that has arrived at any time, even if {@link #canAccept} would return false. */
    void arrived(Arrival visitor);

    /** Takes a visitor that was accepted, and counted, before the endpoint belonged here. */
    void adopt(Arrival visitor);

    /** One more visitor may arrive. It counts as waiting until {@link #expectedEnded}. */
    void expect();

    /** The visitor has arrived, or never will. */
    void expectedEnded();

    /** Called when waiting visitors may continue. */
    void resume();

    /** Sends the visitors that wait, and those that arrive or return from now on, to what the endpoint belongs to next, on a loop. */
    VisitorHandover moveTo(Loop next);

    /** Resets the visitors that wait, and those that come back. Perhaps with the lock of a session held. Later calls have no effect. */
    void close();
}
