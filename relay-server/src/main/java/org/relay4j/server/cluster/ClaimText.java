package org.relay4j.server.cluster;

import org.jspecify.annotations.Nullable;
import org.relay4j.api.control.ControlLine;
import org.relay4j.server.registry.Entry;

/**
 * The text of a claim.
 *
 * @param owner the name of the tunnel's client; null without one
 * @param node the node on whose lease it depends, with its incarnation
 * @param epoch 0 if it is the revision of the entry
 * @param fixed whether the endpoint can be given to nobody else, whatever happens
 */
record ClaimText(String tunnel, @Nullable String owner, NodeId node, long epoch, boolean fixed) {
    /** Returns the text in an entry; null if it is not that of a claim. The epoch is never 0. */
    static @Nullable ClaimText of(Entry entry) {
        ControlLine line = NodeText.line("claim", entry.value());
        if (line == null) return null;
        String tunnel = line.value("tunnel");
        String owner = line.value("owner");
        NodeId node = NodeId.parse(line.value("node"));
        if (tunnel == null || owner == null || node == null) return null;
        long epoch = Epoch.of(line, entry);
        if (epoch == Epoch.DAMAGED) return null;
        return new ClaimText(tunnel, owner.equals("-") ? null : owner, node, epoch, line.has("fixed"));
    }

    @Override
    public String toString() {
        ControlLine line = ControlLine.of("claim")
                .with("tunnel", tunnel)
                .with("owner", owner == null ? "-" : owner)
                .with("node", node);
        if (epoch > 0) line = line.with("epoch", epoch);
        return (fixed ? line.with("fixed") : line).toString();
    }
}
