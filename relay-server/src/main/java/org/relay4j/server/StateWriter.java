package org.relay4j.server;

import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.Endpoint;
import org.relay4j.yamux.io.LimitedLog;
import org.relay4j.yamux.io.OrderedLock;
import org.relay4j.yamux.io.Threads;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/** Writes the tunnels that a server keeps for its next process, on a thread of its own. Safe for use by several threads. */
final class StateWriter implements Closeable {
    /*
     * Each write has all tunnels and takes a moment, in which further changes gather: they are written together by the next one.
     * So the number of writes depends on the disk, not on the number of clients. A change that a client waits for is written at
     * once. The others, such as the end of a tunnel, are written within a second: if the process is killed before, the next one
     * keeps a port in vain until the lease ends, or accepts a lease that was replaced. A write that failed is repeated every
     * second, and with each further change that a client waits for.
     *
     * No two tunnels can have the same endpoint, whatever the order of the changes: the one that was put last has it. A tunnel that
     * loses its last one is removed.
     */

    /** Where the tunnels are written to. */
    interface Target extends Closeable {
        /** Replaces what was written before. When it returns, the tunnels have reached the disk. */
        void write(Collection<KeptTunnel> tunnels) throws IOException;

        /** Called after the last write. */
        @Override
        void close();
    }

    /** The delay of changes for which nobody waits, and between attempts after a failure. Unit: nanoseconds. */
    static final long DELAY = TimeUnit.SECONDS.toNanos(1);

    private static final Logger log = LoggerFactory.getLogger(StateWriter.class);
    private static final long JOIN_MILLIS = 2_000;

    private final Target target;
    private final int mostWaiting;
    private final Thread thread;
    private final ReentrantLock lock = OrderedLock.leaf("the state of a server");
    private final Condition changed = lock.newCondition();
    private final Map<String, KeptTunnel> tunnels = new LinkedHashMap<>(); // by id; guarded by lock
    private final Map<Endpoint, String> owners = new HashMap<>(); // ids of tunnels; guarded by lock
    private List<Consumer<@Nullable IOException>> waiting = new ArrayList<>(); // for the next write; guarded by lock
    private boolean dirty; // there are changes that were not written; guarded by lock
    private long due; // ns; when they are to be written at the latest; guarded by lock
    private boolean closing; // guarded by lock
    private boolean failing; // the last write failed; only the thread uses it
    private final LimitedLog failures = new LimitedLog(log, Level.WARN);

    /**
     * Takes over the target, which is closed after the last write.
     *
     * @param written the tunnels that the target has
     * @param mostWaiting maximum number of callers that wait for a write
     */
    StateWriter(Target target, Collection<KeptTunnel> written, int mostWaiting) {
        this.target = target;
        this.mostWaiting = mostWaiting;
        for (KeptTunnel tunnel : written) enter(tunnel);
        thread = Threads.factory("relay-state").newThread(this::run);
        thread.start();
    }

    private void enter(KeptTunnel tunnel) {
        KeptTunnel before = tunnels.put(tunnel.id(), tunnel);
        if (before != null) for (Endpoint each : before.endpoints()) owners.remove(each, tunnel.id());
        for (Endpoint each : tunnel.endpoints()) {
            String other = owners.put(each, tunnel.id());
            KeptTunnel loser = other == null || other.equals(tunnel.id()) ? null : tunnels.get(other);
            if (loser == null) continue;
            KeptTunnel without = loser.without(each);
            if (without.endpoints().isEmpty()) tunnels.remove(loser.id());
            else tunnels.put(loser.id(), without);
        }
    }

    private void leave(KeptTunnel tunnel) {
        tunnels.remove(tunnel.id());
        for (Endpoint each : tunnel.endpoints()) owners.remove(each, tunnel.id());
    }

    /**
     * Adds a tunnel, or replaces the one with its id. It takes its endpoints from others.
     *
     * @param then called once when it is on disk, or with the failure: at once if nothing has changed, else on another thread
     */
    void put(KeptTunnel tunnel, Consumer<@Nullable IOException> then) {
        boolean unchanged;
        boolean refused;
        lock.lock();
        try {
            refused = closing || waiting.size() >= mostWaiting;
            unchanged = tunnel.equals(tunnels.get(tunnel.id()));
            if (!unchanged && !refused) {
                enter(tunnel);
                dirty = true;
                waiting.add(then);
                changed.signal();
            }
        } finally {
            lock.unlock();
        }
        if (unchanged) then.accept(null);
        else if (refused) then.accept(new IOException("the server has closed, or too many changes wait for the disk"));
    }

    /** Replaces a tunnel, within a second. Has no effect if it was removed. */
    void update(KeptTunnel tunnel) {
        later(() -> {
            KeptTunnel before = tunnels.get(tunnel.id());
            if (before == null || before.equals(tunnel)) return false;
            enter(tunnel);
            return true;
        });
    }

    /** Removes a tunnel, within a second. Has no effect if it was removed, or has lost its last endpoint to another one. */
    void remove(String id) {
        later(() -> {
            KeptTunnel before = tunnels.get(id);
            if (before != null) leave(before);
            return before != null;
        });
    }

    /** Makes a change that returns whether there is something to write. */
    private void later(BooleanSupplier change) {
        lock.lock();
        try {
            if (!change.getAsBoolean() || dirty) return;
            dirty = true;
            due = System.nanoTime() + DELAY;
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    /** Writes what is left and ends the thread. Blocks until that is done, at most two seconds. */
    @Override
    public void close() {
        lock.lock();
        try {
            closing = true;
            changed.signal();
        } finally {
            lock.unlock();
        }
        try {
            thread.join(JOIN_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void run() {
        try {
            writeAll();
        } finally {
            target.close();
        }
    }

    private void writeAll() {
        for (Batch batch; (batch = next()) != null; ) {
            IOException failure = write(batch.tunnels());
            boolean last = failure != null && !retryLater();
            for (Consumer<@Nullable IOException> then : batch.waiting()) tell(then, failure);
            if (last) return;
        }
    }

    private record Batch(List<KeptTunnel> tunnels, List<Consumer<@Nullable IOException>> waiting) {}

    /** Waits for changes; null if the thread is to end. */
    private @Nullable Batch next() {
        lock.lock();
        try {
            while (!closing && waiting.isEmpty()) {
                long left = due - System.nanoTime();
                if (dirty && left <= 0) break;
                if (dirty) changed.awaitNanos(left);
                else changed.await();
            }
            if (!dirty) return null;
            Batch batch = new Batch(List.copyOf(tunnels.values()), waiting);
            waiting = new ArrayList<>();
            dirty = false;
            return batch;
        } catch (InterruptedException e) {
            return null; // nobody interrupts this thread
        } finally {
            lock.unlock();
        }
    }

    private @Nullable IOException write(List<KeptTunnel> all) {
        try {
            target.write(all);
            if (failing) log.info("relay server: the state file {} can be written again", target);
            failing = false;
            return null;
        } catch (IOException | RuntimeException | Error e) {
            failing = true;
            failures.log(
                    "relay server: cannot write the state file {}: {}; clients that ask for a lease are refused until it can"
                            + " be written, check its folder and the disk",
                    target,
                    e.toString());
            return e instanceof IOException known ? known : new IOException(e);
        }
    }

    /** Returns false if there is no time left. */
    private boolean retryLater() {
        lock.lock();
        try {
            dirty = true;
            due = System.nanoTime() + DELAY;
            return !closing;
        } finally {
            lock.unlock();
        }
    }

    private static void tell(Consumer<@Nullable IOException> then, @Nullable IOException failure) {
        try {
            then.accept(failure);
        } catch (RuntimeException | Error e) {
            log.error("relay server: unexpected failure after the state was written", e);
        }
    }
}
