package org.relay4j.server.peer;

import java.io.IOException;
import org.relay4j.yamux.io.LoopDriver;
import org.relay4j.yamux.io.Splice;

/**
 * Learns what becomes of a visitor that was offered to another node. Exactly one of {@link #accepted}, {@link #tryElsewhere},
 * {@link #refused} and {@link #gone} is called. After {@code accepted}, {@link #ended} follows.
 */
public interface PeerOutcome extends Splice.Owner {
    /**
     * The other node serves the visitor, which is read from now on. Called on the loop of the link, with the lock of its session
     * held.
     *
     * @param driver of the link, for timers of the visitor
     */
    void accepted(Splice splice, LoopDriver driver);

    /**
     * The other node cannot serve the visitor, or has not answered within a second. The connection belongs to the caller again, and
     * nothing was read from it. Called on the visitor's loop.
     *
     * @param why for the log
     */
    void tryElsewhere(String why);

    /** A limit of the other node is reached. The caller resets the visitor. Called on the visitor's loop. */
    void refused(String why);

    /** The connection had ended when the other node accepted it, and was closed. Called on the visitor's loop. */
    void gone(IOException failure);
}
