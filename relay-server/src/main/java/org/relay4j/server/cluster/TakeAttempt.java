package org.relay4j.server.cluster;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.server.cluster.Carried.Holding;
import org.relay4j.server.registry.Entry;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.Snapshot;

/** Makes this node carry a tunnel that another node has stored: alone, with a new epoch, or together with it. */
final class TakeAttempt implements Writer.Outcome {
    /** Which tunnel, with which text from now on. */
    record Request(TunnelRecord seen, String text, boolean alone) {}

    private final Parts parts;
    private final Ghosts ghosts;
    private final Request request;
    private final CompletableFuture<TunnelRecord> result;
    private final String recordKey;
    private final Map<Endpoint, @Nullable ClaimText> endpoints = new LinkedHashMap<>(); // null: the claim is made anew
    private Batch batch = new Batch();
    private Fence fence;
    private TunnelRecord record;
    private long epoch; // 0: the revision of the transaction
    private int attempts;

    TakeAttempt(Parts parts, Ghosts ghosts, Request request, CompletableFuture<TunnelRecord> result) {
        this.parts = parts;
        this.ghosts = ghosts;
        this.request = request;
        this.result = result;
        recordKey = parts.access().keys().tunnel(request.seen.id());
        fence = parts.presence().fence();
        record = request.seen;
    }

    void begin() {
        Carried present = parts.sync().find(request.seen.id());
        if (present != null && present.isLeaving()) {
            result.completeExceptionally(Parts.unavailable("the tunnel is just being released"));
        } else if (present != null) {
            result.completeExceptionally(new ClaimLostException("this node carries the tunnel already"));
        } else {
            read();
        }
    }

    private void read() {
        if (++attempts > Parts.MOST_ATTEMPTS) {
            result.completeExceptionally(Parts.unavailable("other nodes keep changing the tunnel"));
            return;
        }
        List<String> keys = new ArrayList<>();
        keys.add(recordKey);
        for (Endpoint each : request.seen.endpoints())
            keys.add(parts.access().keys().claim(each));
        parts.access()
                .requests()
                .send(() -> parts.access().store().read(keys), this::plan, result::completeExceptionally);
    }

    private void plan(Snapshot seen) {
        Entry entry = seen.find(recordKey);
        TunnelRecord stored = entry == null ? null : RecordText.parse(request.seen.id(), entry);
        if (entry == null
                || stored == null
                || entry.revision() != request.seen.stored().revision()) {
            changed();
            return;
        }
        endpoints.clear();
        for (Endpoint each : stored.endpoints()) {
            Entry claimed = seen.find(parts.access().keys().claim(each));
            if (claimed == null && !request.alone) { // without it in the record, its node would take it for given back
                result.completeExceptionally(Parts.unavailable("the claims of the tunnel are just being put again"));
                return;
            }
            ClaimText claim = claimed == null ? null : ClaimText.of(claimed);
            boolean isOurs = claim != null && claim.tunnel().equals(stored.id());
            if (isOurs || claimed == null) endpoints.put(each, claim);
        }
        epoch = request.alone
                ? Epoch.after(newest(stored), seen.revision())
                : stored.stored().epoch();
        record = stored.endpoints(List.copyOf(endpoints.keySet())).text(request.text);
        write(seen);
    }

    /** Returns the newest epoch of the tunnel. A claim that has displaced one from before a backup was restored may be ahead of the record. */
    private long newest(TunnelRecord stored) {
        long newest = stored.stored().epoch();
        for (ClaimText each : endpoints.values()) if (each != null) newest = Math.max(newest, each.epoch());
        return newest;
    }

    private void write(Snapshot seen) {
        batch = new Batch();
        fence = parts.presence().fence();
        long lease = parts.presence().claims();
        NodeId self = parts.access().self();
        batch.expect(recordKey, request.seen.stored().revision());
        batch.put(recordKey, RecordText.of(record, self, epoch), lease);
        endpoints.forEach((endpoint, claim) -> {
            String key = parts.access().keys().claim(endpoint);
            Entry entry = seen.find(key);
            batch.expect(key, entry == null ? 0 : entry.revision());
            long its = request.alone || claim == null ? epoch : claim.epoch();
            boolean fixed = claim != null && claim.fixed();
            batch.put(key, new ClaimText(record.id(), record.owner(), self, its, fixed).toString(), lease);
        });
        if (request.alone) {
            for (Endpoint endpoint : endpoints.keySet()) {
                for (Route each : parts.view().table().stored(endpoint)) {
                    batch.delete(parts.access().keys().route(endpoint, each.node()));
                }
            }
        }
        parts.writer().write(batch.transaction(), this);
    }

    @Override
    public void done(long revision) {
        long made = epoch == 0 ? revision : epoch;
        Carried tunnel = new Carried(record, made);
        endpoints.forEach((endpoint, claim) -> {
            long its = request.alone || claim == null ? made : claim.epoch();
            tunnel.add(new Holding(endpoint, claim != null && claim.fixed(), its, fence));
        });
        tunnel.stored(batch.operations(), revision, parts.access().now());
        if (!request.alone) {
            for (Endpoint each : endpoints.keySet()) {
                for (String node : sharers(List.of(each))) tunnel.sharedWith(node, each);
            }
        }
        parts.sync().add(tunnel);
        ghosts.remove(tunnel.id);
        NodeId self = parts.access().self();
        result.complete(record.stored(new TunnelRecord.Stored(self.name(), self.incarnation(), made, revision)));
    }

    /** Returns the other nodes that may serve endpoints of the tunnel: also the one that has stored it, if it may have lost the registry. */
    private Set<String> sharers(Collection<Endpoint> its) {
        Set<String> names = parts.view().table().carriers(its, request.seen.id());
        String last = request.seen.stored().node();
        if (!last.equals(parts.access().self().name()) && !parts.view().isSettled(last)) names.add(last);
        return names;
    }

    @Override
    public void refused(Snapshot seen) {
        Entry entry = seen.find(recordKey);
        if (entry == null || entry.revision() != request.seen.stored().revision()) {
            changed();
        } else {
            read();
        }
    }

    private void changed() {
        leaveBehind(); // in case it was changed by this attempt
        result.completeExceptionally(new ClaimLostException("the tunnel has changed since it was looked up"));
    }

    @Override
    public void failed(RegistryException why) {
        if (!Parts.isOutcomeKnown(why)) leaveBehind();
        result.completeExceptionally(why);
    }

    /** The tunnel may depend on the lease of this node from now on. */
    private void leaveBehind() {
        ghosts.add(request.seen.id(), request.seen.endpoints(), sharers(request.seen.endpoints()));
    }
}
