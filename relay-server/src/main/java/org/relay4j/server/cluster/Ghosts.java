package org.relay4j.server.cluster;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.relay4j.api.Endpoint;
import org.relay4j.server.cluster.Carried.Holding;
import org.relay4j.server.registry.Entry;
import org.relay4j.server.registry.Snapshot;

/*
 * When a takeover has failed and its outcome is not known, the tunnel may depend on the lease of this node, although this node does not
 * carry it. Its client is going to return, to this node or another one, and resumes it from there. If it does not, the tunnel is released
 * after a while. The same holds for a tunnel that this node has left to another one, which may have given it up before it has put it on
 * its own lease.
 */
/** Tunnels that may depend on the lease of this node although it does not carry them. Confined to the executor of the node. */
final class Ghosts {
    /** Maximum number; further ones end with the lease of the node. */
    static final int MOST = 10_000;

    /** How long a client has to come back for its tunnel. Unit: nanoseconds. */
    static final long REST = Duration.ofMinutes(1).toNanos();

    private static final int MOST_AT_ONCE = 10; // in one tick

    private final Access access;
    private final Sync sync;
    private final Map<String, Long> due = new LinkedHashMap<>(); // the oldest first

    Ghosts(Access access, Sync sync) {
        this.access = access;
        this.sync = sync;
    }

    void add(String id) {
        due.remove(id);
        if (due.size() < MOST) due.put(id, access.now() + REST);
    }

    void remove(String id) {
        due.remove(id);
    }

    void tick() {
        List<String> now = new ArrayList<>();
        for (Map.Entry<String, Long> each : due.entrySet()) {
            if (each.getValue() - access.now() > 0 || now.size() == MOST_AT_ONCE) break;
            now.add(each.getKey());
        }
        for (String id : now) {
            due.remove(id);
            if (sync.find(id) != null) continue;
            if (!sync.beginTurn(id, () -> read(id))) add(id);
        }
    }

    /** Has the turn of the tunnel, so that it is not released while it is taken. */
    private void read(String id) {
        String key = access.keys().tunnel(id);
        access.requests()
                .send(
                        () -> access.store().read(List.of(key)),
                        seen -> {
                            release(id, key, seen);
                            sync.endTurn(id);
                        },
                        why -> {
                            add(id);
                            sync.endTurn(id);
                        });
    }

    private void release(String id, String key, Snapshot seen) {
        Entry entry = seen.find(key);
        TunnelRecord record = entry == null ? null : RecordText.parse(id, entry);
        if (record == null || sync.find(id) != null) return;
        if (!new NodeId(record.stored().node(), record.stored().incarnation()).equals(access.self())) return;
        Carried tunnel = new Carried(record, record.stored().epoch());
        for (Endpoint each : record.endpoints()) {
            tunnel.add(new Holding(each, false, 0, new Fence(access.now())));
        }
        tunnel.leave();
        sync.add(tunnel);
        sync.check(tunnel);
    }
}
