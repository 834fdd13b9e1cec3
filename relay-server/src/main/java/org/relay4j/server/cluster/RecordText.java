package org.relay4j.server.cluster;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.api.control.ControlLine;
import org.relay4j.server.cluster.TunnelRecord.Stored;
import org.relay4j.server.registry.Entry;

/** The text of a tunnel's record: a line with its words, a line for each endpoint, and the text of the relay server. */
final class RecordText {
    private RecordText() {}

    /** Returns the text of a record on the lease of a node. An epoch of 0 means the revision that the entry is going to have. */
    static String of(TunnelRecord tunnel, NodeId node, long epoch) {
        ControlLine line = ControlLine.of("tunnel")
                .with("owner", tunnel.owner() == null ? "-" : tunnel.owner())
                .with("node", node)
                .with("endpoints", tunnel.endpoints().size());
        if (epoch > 0) line = line.with("epoch", epoch);
        if (tunnel.leased()) line = line.with("leased");
        StringBuilder text = new StringBuilder(line.toString()).append('\n');
        for (Endpoint each : tunnel.endpoints()) text.append(each).append('\n');
        return text.append(tunnel.text()).toString();
    }

    /** Returns the record in an entry; null if it is none. */
    static @Nullable TunnelRecord parse(String id, Entry entry) {
        int end = entry.value().indexOf('\n');
        ControlLine line =
                end < 0 ? null : NodeText.line("tunnel", entry.value().substring(0, end));
        if (line == null) return null;
        String owner = line.value("owner");
        NodeId node = NodeId.parse(line.value("node"));
        int count = line.number("endpoints");
        long epoch = Epoch.of(line, entry);
        if (owner == null || node == null || count < 0 || count > TunnelRecord.MOST_ENDPOINTS) return null;
        if (epoch == Epoch.DAMAGED) return null;
        try {
            List<Endpoint> endpoints = new ArrayList<>();
            int from = end + 1;
            for (int i = 0; i < count; i++) {
                int to = entry.value().indexOf('\n', from);
                if (to < 0) return null;
                endpoints.add(Endpoint.parse(entry.value().substring(from, to)));
                from = to + 1;
            }
            Stored stored = new Stored(node.name(), node.incarnation(), epoch, entry.revision());
            String text = entry.value().substring(from);
            return new TunnelRecord(id, owner.equals("-") ? null : owner, line.has("leased"), endpoints, text, stored);
        } catch (IllegalArgumentException e) {
            return null;
        }
    }
}
