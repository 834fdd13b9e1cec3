package org.relay4j.server.cluster;

import java.util.Locale;

/** Why a tunnel of a node is lost, or an endpoint of it. */
public enum LossReason {
    /** The client has resumed its tunnel at another node. */
    TAKEN("another node has taken over the tunnel"),
    /** The endpoint now belongs to another tunnel. */
    CONFLICT("the endpoint belongs to another tunnel"),
    /** Another node that carries the tunnel has released the endpoint. */
    RELEASED("the endpoint was released"),
    /** Another process has this node's name. */
    REPLACED("another process has taken the name of this node");

    private final String text;

    LossReason(String text) {
        this.text = text;
    }

    /** Returns a sentence for the log. */
    public String text() {
        return text;
    }

    /** Returns the value of a metric's label. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
