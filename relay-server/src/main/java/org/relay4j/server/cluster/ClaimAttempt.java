package org.relay4j.server.cluster;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.server.cluster.Carried.Holding;
import org.relay4j.server.cluster.EndpointTakenException.Holder;
import org.relay4j.server.registry.Entry;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.Snapshot;

/*
 * The claim is not made while another tunnel has a route for the endpoint, although nobody has a claim: a store that has ended the lease
 * of claims too early must not make the endpoint free while it is being served.
 */
/** Claims an endpoint for a tunnel of this node. */
final class ClaimAttempt implements Writer.Outcome {
    /** What is claimed. {@code displaced} is the tunnel from which the endpoint is taken; null if it must be free. */
    record Request(
            TunnelRecord tunnel,
            Endpoint endpoint,
            boolean fixed,
            @Nullable Holder displaced) {}

    private static final int MOST_ROUTES = 60; // of other tunnels that are looked at

    private final Parts parts;
    private final Request request;
    private final CompletableFuture<Void> result;
    private final String recordKey;
    private final String claimKey;
    private @Nullable Carried carried; // null for the first endpoint
    private Fence fence;
    private Batch batch = new Batch();
    private int attempts;

    ClaimAttempt(Parts parts, Request request, CompletableFuture<Void> result) {
        this.parts = parts;
        this.request = request;
        this.result = result;
        recordKey = parts.access().keys().tunnel(request.tunnel.id());
        claimKey = parts.access().keys().claim(request.endpoint);
        fence = parts.presence().fence();
    }

    /** @param asked the tunnel of this node when it was asked to claim the endpoint; null if it had none with this id */
    void begin(@Nullable Carried asked) {
        carried = parts.sync().find(request.tunnel.id());
        Holding present = carried == null ? null : carried.find(request.endpoint);
        boolean isOver = asked != null && asked != carried; // since the claim has waited for its turn
        if (isOver || (carried != null && carried.isLeaving())) {
            result.completeExceptionally(new ClaimLostException("the tunnel has ended"));
        } else if (present != null && present.ended) {
            result.completeExceptionally(Parts.unavailable(request.endpoint + " is just being released"));
        } else if (present != null) {
            result.complete(null);
        } else if (carried == null || carried.isKnown()) {
            attempt();
        } else {
            Carried tunnel = carried;
            List<String> keys = tunnel.keys(parts.access());
            int doubts = tunnel.doubts();
            parts.access()
                    .requests()
                    .send(
                            () -> parts.access().store().read(keys),
                            seen -> {
                                tunnel.read(keys, seen, doubts, parts.access().now());
                                attempt();
                            },
                            result::completeExceptionally);
        }
    }

    private void attempt() {
        if (++attempts > Parts.MOST_ATTEMPTS) {
            result.completeExceptionally(Parts.unavailable("other nodes keep changing " + request.endpoint));
            return;
        }
        batch = new Batch();
        fence = parts.presence().fence();
        Holder displaced = request.displaced;
        batch.expect(recordKey, carried == null ? 0 : carried.revision(recordKey));
        batch.expect(claimKey, displaced == null ? 0 : displaced.revision());
        for (Route each : parts.view().table().stored(request.endpoint)) {
            if (each.tunnel().equals(request.tunnel.id()) || batch.isFull(MOST_ROUTES)) continue;
            String key = parts.access().keys().route(request.endpoint, each.node());
            if (displaced == null) batch.expect(key, 0);
            else batch.delete(key);
        }
        TunnelRecord record = record().with(request.endpoint);
        NodeId self = parts.access().self();
        ClaimText claim = new ClaimText(record.id(), record.owner(), self, next(), request.fixed);
        long lease = parts.presence().claims();
        batch.put(claimKey, claim.toString(), lease);
        batch.put(recordKey, RecordText.of(record, self, carried == null ? 0 : carried.epoch), lease);
        parts.writer().write(batch.transaction(), this);
    }

    /** Returns the epoch that the claim states; 0 if it is the revision. */
    private long next() {
        return request.displaced == null ? 0 : request.displaced.next();
    }

    private TunnelRecord record() {
        if (carried == null) return request.tunnel.endpoints(List.of());
        Entry entry = carried.entry(recordKey);
        TunnelRecord stored = entry == null ? null : RecordText.parse(carried.id, entry);
        return stored == null ? request.tunnel.endpoints(carried.endpoints()).text(carried.text) : stored;
    }

    @Override
    public void done(long revision) {
        have(revision, next() == 0 ? revision : next(), revision);
    }

    private void have(long recordEpoch, long claimEpoch, long revision) {
        Carried tunnel = carried == null ? new Carried(request.tunnel, recordEpoch) : carried;
        Holding holding = new Holding(request.endpoint, request.fixed, claimEpoch, fence);
        holding.ended = tunnel.isLeaving(); // released while the request was under way
        tunnel.add(holding);
        if (carried == null)
            tunnel.stored(batch.operations(), revision, parts.access().now());
        else tunnel.made(batch.operations(), revision);
        parts.sync().add(tunnel);
        checkDisplaced(tunnel);
        if (holding.ended) {
            parts.sync().mark(tunnel);
            result.completeExceptionally(new ClaimLostException("the tunnel has ended"));
        } else {
            result.complete(null);
        }
    }

    /** A tunnel of this node may have been displaced: it does not see a route of another node. */
    private void checkDisplaced(Carried by) {
        if (request.displaced == null) return;
        Carried other = parts.sync().find(request.displaced.tunnel());
        if (other != null && other != by) parts.sync().check(other);
    }

    @Override
    public void refused(Snapshot seen) {
        Entry entry = seen.find(claimKey);
        long expected = request.displaced == null ? 0 : request.displaced.revision();
        if (entry != null && entry.revision() != expected) {
            taken(entry, seen);
            return;
        }
        for (Route each : parts.view().table().stored(request.endpoint)) {
            boolean served = seen.find(parts.access().keys().route(request.endpoint, each.node())) != null;
            if (request.displaced == null && served && !each.tunnel().equals(request.tunnel.id())) {
                fail(new Holder(each.tunnel(), null, each.node(), each.epoch(), 0, 0));
                return;
            }
        }
        recordChanged(seen.find(recordKey));
    }

    private void taken(Entry entry, Snapshot seen) {
        ClaimText claim = ClaimText.of(entry);
        if (claim == null) {
            result.completeExceptionally(EndpointTakenException.damaged(request.endpoint, entry));
        } else if (!claim.tunnel().equals(request.tunnel.id())) {
            if (isRecorded(seen)) giveBack(); // made by this attempt, and displaced since
            long next = Epoch.after(claim.epoch(), seen.revision());
            fail(new Holder(claim.tunnel(), claim.owner(), claim.node().name(), claim.epoch(), entry.revision(), next));
        } else {
            // Made by this attempt and changed since, or by another node that shares the tunnel.
            Entry stored = seen.find(recordKey);
            TunnelRecord record = stored == null ? null : RecordText.parse(request.tunnel.id(), stored);
            long recordEpoch = record == null ? claim.epoch() : record.stored().epoch();
            have(recordEpoch, claim.epoch(), entry.revision());
            Carried tunnel = parts.sync().find(request.tunnel.id());
            if (tunnel != null) parts.sync().check(tunnel);
        }
    }

    private void fail(Holder holder) {
        result.completeExceptionally(new EndpointTakenException(request.endpoint, holder));
    }

    private void recordChanged(@Nullable Entry entry) {
        TunnelRecord record = entry == null ? null : RecordText.parse(request.tunnel.id(), entry);
        if (carried == null && entry != null) {
            result.completeExceptionally(new ClaimLostException("there is another tunnel with this id"));
            return;
        }
        if (carried != null) {
            carried.seen(recordKey, entry);
            if (record != null && record.stored().epoch() > carried.epoch) {
                parts.sync().check(carried);
                result.completeExceptionally(new ClaimLostException(LossReason.TAKEN.text()));
                return;
            }
        }
        attempt();
    }

    @Override
    public void failed(RegistryException why) {
        if (!Parts.isOutcomeKnown(why)) giveBack(); // it may have been made
        result.completeExceptionally(why);
    }

    private boolean isRecorded(Snapshot seen) {
        Entry entry = seen.find(recordKey);
        TunnelRecord record = entry == null ? null : RecordText.parse(request.tunnel.id(), entry);
        return record != null && record.endpoints().contains(request.endpoint);
    }

    /** As soon as the registry answers. */
    private void giveBack() {
        Holding unknown = new Holding(request.endpoint, request.fixed, 0, fence);
        unknown.ended = true;
        Carried tunnel = carried;
        if (tunnel == null) {
            tunnel = new Carried(request.tunnel, 0);
            tunnel.leave();
        }
        tunnel.add(unknown);
        parts.sync().add(tunnel);
        parts.sync().unsettled(tunnel);
    }
}
