package org.relay4j.server.cluster;

import static org.relay4j.server.cluster.SimulatedTime.MILLISECOND;
import static org.relay4j.server.cluster.SimulatedTime.SECOND;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.relay4j.server.registry.Change;
import org.relay4j.server.registry.Commit;
import org.relay4j.server.registry.Entry;
import org.relay4j.server.registry.MemoryRegistryStore;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.RegistryStore;
import org.relay4j.server.registry.RegistryUnavailableException;
import org.relay4j.server.registry.Snapshot;
import org.relay4j.server.registry.Transaction;

/** The way of one node to the registry: it delays, loses requests and answers, and can be cut. */
final class SimulatedStore implements RegistryStore {
    private final SimulatedTime time;
    private final MemoryRegistryStore registry;
    private final Runnable endLeases;
    private long commits;
    private int histories; // of the registry
    private long disturbedAt;
    private long lossyUntil;
    private boolean cut;
    private long cutUntil;
    private boolean mute; // requests arrive, and nothing comes back
    private String lengthened = ""; // a key
    private String awaited = ""; // the prefix of a readAll
    private Runnable whenRead = () -> {}; // what happens then
    private @Nullable RegistryException unreadable; // what readAll fails with
    private @Nullable RegistryException unwritable; // what commit fails with
    private double loss; // of requests and of answers
    private double late; // requests that arrive after their sender has given up
    private boolean deaf; // watches lose changes
    private long delay = 2 * MILLISECOND; // the longest of one way
    private long answerDelay; // the longest of answers, in addition
    private Channel channel = new Channel();

    /** @param endLeases ends the leases whose time is over; called before each request is made */
    SimulatedStore(SimulatedTime time, MemoryRegistryStore registry, Runnable endLeases) {
        this.time = time;
        this.registry = registry;
        this.endLeases = endLeases;
    }

    /** Returns when something has happened last that may make a view of the registry old. */
    long disturbedAt() {
        return disturbedAt;
    }

    void disturbed() {
        disturbedAt = time.now();
    }

    /** The registry was restored from a backup: requests that are under way are lost, as its connections are. */
    void restored() {
        disturbed();
        histories++;
    }

    /** Returns whether requests are answered, and were since a moment, except while it was cut. */
    boolean isReliableSince(long then) {
        return !isSilent() && loss == 0 && late == 0 && answerDelay == 0 && lossyUntil < then;
    }

    void cut(boolean now) {
        disturbed();
        cut = now;
        channel.deliver();
    }

    /** Cuts it for some time; if it is cut already, until both times are over. */
    void cutFor(long duration) {
        cut(true);
        cutUntil = Math.max(cutUntil, time.now() + duration);
        time.after(duration, () -> {
            if (time.now() >= cutUntil) cut(false);
        });
    }

    /** Requests are made from now on, but neither answers nor changes arrive. */
    void mute(boolean now) {
        disturbed();
        mute = now;
        channel.deliver();
    }

    /** Answers take up to so much longer from now on. Unit: nanoseconds. */
    void slowAnswers(long longest) {
        if (answerDelay > 0) lossyUntil = time.now();
        answerDelay = longest;
    }

    /** Reading all fails from now on, and nothing else; null: it no longer does. */
    void unreadable(@Nullable RegistryException why) {
        unreadable = why;
    }

    /** No transaction is made from now on; null: they are again. */
    void unwritable(@Nullable RegistryException why) {
        unwritable = why;
    }

    /** The value of a key appears to be longer than values may be. */
    void lengthen(String key) {
        lengthened = key;
    }

    private Entry lengthened(Entry entry) {
        if (!entry.key().equals(lengthened)) return entry;
        return new Entry(entry.key(), "x".repeat(LONGEST_VALUE + 1), entry.revision(), entry.lease());
    }

    private Snapshot lengthened(Snapshot all) {
        return new Snapshot(
                all.revision(), all.entries().stream().map(this::lengthened).toList());
    }

    private Change lengthened(Change change) {
        Entry entry = change.entry();
        return entry == null ? change : new Change(change.key(), lengthened(entry));
    }

    /** Returns the number of transactions that were sent. */
    long commits() {
        return commits;
    }

    void faults(double lossNow, double lateNow, long delayNow) {
        if (loss > 0 || late > 0) lossyUntil = time.now();
        loss = lossNow;
        late = lateNow;
        delay = delayNow;
    }

    /** Something happens once, when all entries with a prefix have been read the next time and before the answer is under way. */
    void whenRead(String prefix, Runnable task) {
        awaited = prefix;
        whenRead = task;
    }

    private Snapshot read(String prefix, Snapshot seen) {
        if (prefix.equals(awaited)) {
            awaited = "";
            whenRead.run();
        }
        return lengthened(seen);
    }

    /** Lets watches lose all changes, and their end, as when the history of the store was replaced without a sign of that. */
    void deaf(boolean now) {
        deaf = now;
    }

    private <T> CompletionStage<T> request(Supplier<CompletionStage<T>> request) {
        CompletableFuture<T> answer = new CompletableFuture<>();
        time.after(PATIENCE.toNanos(), () -> answer.completeExceptionally(unavailable(false)));
        if (cut && time.chance(0.3)) {
            time.after(MILLISECOND, () -> answer.completeExceptionally(unavailable(true)));
            return answer;
        }
        boolean isLate = time.chance(late);
        if (!isLate && (cut || time.chance(loss))) return answer;
        long there = isLate ? time.between(3 * SECOND, 8 * SECOND) : time.between(MILLISECOND / 10, delay);
        int history = histories;
        time.after(there, () -> {
            if ((cut && !isLate) || history != histories) return;
            endLeases.run();
            var unused = request.get().whenComplete((value, failure) -> {
                if (isSilent() || time.chance(loss)) return;
                time.after(time.between(MILLISECOND / 10, delay) + time.between(0, answerDelay), () -> {
                    if (isSilent()) return;
                    if (failure == null) answer.complete(value);
                    else answer.completeExceptionally(failure);
                });
            });
        });
        return answer;
    }

    private boolean isSilent() {
        return cut || mute;
    }

    private static RegistryUnavailableException unavailable(boolean known) {
        return new RegistryUnavailableException("no answer", null, known);
    }

    @Override
    public CompletionStage<Void> check(String prefix) {
        return request(() -> registry.check(prefix));
    }

    @Override
    public CompletionStage<Long> grant(Duration timeToLive) {
        return request(() -> registry.grant(timeToLive));
    }

    @Override
    public CompletionStage<Boolean> renew(long lease) {
        return request(() -> registry.renew(lease));
    }

    @Override
    public CompletionStage<Void> revoke(long lease) {
        return request(() -> registry.revoke(lease));
    }

    @Override
    public CompletionStage<Commit> commit(Transaction transaction) {
        commits++;
        RegistryException why = unwritable;
        return request(() -> why == null ? registry.commit(transaction) : CompletableFuture.failedFuture(why));
    }

    @Override
    public CompletionStage<Snapshot> read(Collection<String> keys) {
        return request(() -> registry.read(keys));
    }

    @Override
    public CompletionStage<Snapshot> readAll(String prefix) {
        RegistryException why = unreadable;
        return request(() -> why == null
                ? registry.readAll(prefix).thenApply(seen -> read(prefix, seen))
                : CompletableFuture.failedFuture(why));
    }

    @Override
    public Watch watch(Collection<String> prefixes, long after, Watcher watcher) {
        Channel next = new Channel();
        channel = next;
        Watch watch = registry.watch(prefixes, after, new Watcher() {
            @Override
            public void changed(long revision, Collection<Change> changes) {
                if (deaf) return;
                next.send(() -> watcher.changed(
                        revision,
                        changes.stream().map(SimulatedStore.this::lengthened).toList()));
            }

            @Override
            public void ended(RegistryException why) {
                if (!deaf) next.send(() -> watcher.ended(why));
            }
        });
        next.end = () -> {
            watch.close();
            next.closed = true;
            watcher.ended(new RegistryException("the watch was interrupted", null));
        };
        return () -> {
            next.closed = true;
            watch.close();
        };
    }

    /** Ends the watch that is open, as a compaction does. */
    void endWatch() {
        disturbed();
        if (!channel.closed) channel.end.run();
    }

    @Override
    public void close() {
        channel.closed = true;
    }

    /** Delivers in order, each after a delay, and only while the way is not cut. */
    private final class Channel {
        private final ArrayDeque<Runnable> waiting = new ArrayDeque<>();
        private long last;
        private boolean closed;
        private Runnable end = () -> {};

        void send(Runnable message) {
            last = Math.max(last, time.now() + time.between(MILLISECOND / 10, delay));
            time.after(last - time.now(), () -> {
                waiting.addLast(message);
                deliver();
            });
        }

        void deliver() {
            while (!isSilent() && !closed && !waiting.isEmpty())
                waiting.pollFirst().run();
        }
    }
}
