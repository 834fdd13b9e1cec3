package org.relay4j.server.peer;

import org.jspecify.annotations.Nullable;

/** The reason why a node does not take a visitor of another node, or its answer to a question: the code with which it resets the stream. */
public enum PeerCode {
    /** The node does not serve the endpoint. */
    NOT_HERE(1, "it does not serve the endpoint"),
    /** The node takes no more visitors. */
    DRAINING(2, "it is draining"),
    /** The node has the endpoint with another epoch. */
    SUPERSEDED(3, "the route is out of date"),
    /** A limit of the tunnel or the node is reached: the visitor is to be reset. */
    LIMIT(4, "a limit is reached"),
    /** The answer to a question: no connection of the client answers. */
    SILENT(5, "its client does not answer"),
    /** The answer to a question: a connection of the client answers, or the tunnel cannot be taken for another reason. */
    ANSWERS(6, "its client answers");

    private final int number;
    private final String text;

    PeerCode(int number, String text) {
        this.number = number;
        this.text = text;
    }

    int number() {
        return number;
    }

    /** Returns the reason, for messages. */
    public String text() {
        return text;
    }

    /** Returns null for a number that is not one of these. */
    static @Nullable PeerCode of(long number) {
        for (PeerCode code : values()) {
            if (code.number == number) return code;
        }
        return null;
    }
}
