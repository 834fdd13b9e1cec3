package org.relay4j.server.cluster;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.relay4j.server.registry.Entry;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.Snapshot;

/** Changes the text of a tunnel that this node carries. */
final class UpdateAttempt implements Writer.Outcome {
    private final Parts parts;
    private final Carried tunnel;
    private final UnaryOperator<String> change;
    private final CompletableFuture<String> result;
    private final String key;
    private Batch batch = new Batch();
    private String text = "";
    private int attempts;

    UpdateAttempt(Parts parts, Carried tunnel, UnaryOperator<String> change, CompletableFuture<String> result) {
        this.parts = parts;
        this.tunnel = tunnel;
        this.change = change;
        this.result = result;
        key = parts.access().keys().tunnel(tunnel.id);
    }

    void begin() {
        if (tunnel.isKnown()) {
            attempt();
            return;
        }
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

    private void attempt() {
        TunnelRecord record = record();
        if (record != null && record.stored().epoch() > tunnel.epoch) {
            parts.sync().check(tunnel);
            result.completeExceptionally(new ClaimLostException(LossReason.TAKEN.text()));
            return;
        }
        if (++attempts > Parts.MOST_ATTEMPTS) {
            result.completeExceptionally(Parts.unavailable("other nodes keep changing the tunnel"));
            return;
        }
        TunnelRecord current = record != null && record.stored().epoch() == tunnel.epoch ? record : null;
        TunnelRecord next;
        try {
            String before = current == null ? tunnel.text : current.text();
            text = change.apply(before);
            if (current != null && text.equals(before)) {
                result.complete(text);
                return;
            }
            next = new TunnelRecord(
                    tunnel.id,
                    tunnel.owner,
                    tunnel.leased,
                    current == null ? tunnel.endpoints() : current.endpoints(),
                    text,
                    TunnelRecord.Stored.NONE);
        } catch (RuntimeException e) {
            result.completeExceptionally(e);
            return;
        }
        batch = new Batch();
        batch.expect(key, tunnel.revision(key));
        batch.put(
                key,
                RecordText.of(next, parts.access().self(), tunnel.epoch),
                parts.presence().claims());
        parts.writer().write(batch.transaction(), this);
    }

    private @Nullable TunnelRecord record() {
        Entry entry = tunnel.entry(key);
        return entry == null ? null : RecordText.parse(tunnel.id, entry);
    }

    @Override
    public void done(long revision) {
        tunnel.made(batch.operations(), revision);
        tunnel.text = text;
        result.complete(text);
    }

    @Override
    public void refused(Snapshot seen) {
        tunnel.seen(key, seen.find(key));
        attempt();
    }

    @Override
    public void failed(RegistryException why) {
        if (!Parts.isOutcomeKnown(why)) parts.sync().unsettled(tunnel);
        result.completeExceptionally(why);
    }
}
