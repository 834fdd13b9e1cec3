package org.relay4j.server.peer;

import java.util.function.Consumer;

/** Decides what becomes of the visitors that other nodes pass to this one. */
public interface PeerTarget {
    /**
     * Decides at once, without waiting for a client, whose connection may be out of room for a moment. Called on the loop of the request, with no lock held. A visitor of another
     * node is never passed to a third one.
     */
    PeerDecision visit(PeerRequest request);

    /**
     * Asks the client of a tunnel for a sign of life, because a client of the same name at another node wants its endpoint. Called on the
     * loop of the request, with no lock held.
     *
     * @param owner the name of the client
     * @param answer to be called once, on the same loop, within two seconds: with {@link PeerCode#SILENT} if the endpoint may be taken
     */
    default void ask(PeerRequest request, String owner, Consumer<PeerCode> answer) {
        answer.accept(PeerCode.NOT_HERE);
    }
}
