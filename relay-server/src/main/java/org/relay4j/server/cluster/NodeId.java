package org.relay4j.server.cluster;

import org.jspecify.annotations.Nullable;
import org.relay4j.api.control.ClientName;

/** A node and its incarnation. */
record NodeId(String name, String incarnation) {
    /** Returns null if the text is not that of a node. */
    static @Nullable NodeId parse(@Nullable String text) {
        int slash = text == null ? -1 : text.indexOf('/');
        if (text == null || slash < 0) return null;
        NodeId node = new NodeId(text.substring(0, slash), text.substring(slash + 1));
        return ClientName.isValid(node.name) && ClientName.isValid(node.incarnation) ? node : null;
    }

    @Override
    public String toString() {
        return name + "/" + incarnation;
    }
}
