package org.relay4j.server.cluster;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.relay4j.server.registry.Change;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.RegistryStore;

/** Takes the changes of one watch from a thread of the store to the executor of the node. */
final class Inbox implements RegistryStore.Watcher {
    /** Maximum number of changes that wait for the executor. With more, all is read anew. */
    static final int MOST_CHANGES = 100_000;

    private final ClusterTime time;
    private final long nodesAt;
    private final Reader reader;
    private final ReentrantLock lock = new ReentrantLock();
    private final ArrayDeque<Changes> waiting = new ArrayDeque<>(); // guarded by lock
    private int size; // number of changes that wait; guarded by lock
    private boolean full; // guarded by lock
    private RegistryStore.@Nullable Watch watch;

    /** Called on the executor of the node. */
    interface Reader {
        void changed(Inbox from, long revision, Collection<Change> changes);

        /** The watch has ended, or too many changes were waiting: all is to be read anew. */
        void ended(Inbox from);
    }

    private record Changes(long revision, Collection<Change> changes) {}

    Inbox(ClusterTime time, long nodesAt, Reader reader) {
        this.time = time;
        this.nodesAt = nodesAt;
        this.reader = reader;
    }

    /** Returns the revision at which the nodes were read before the watch began. */
    long nodesAt() {
        return nodesAt;
    }

    /** Names the watch that fills it. */
    void fill(RegistryStore.Watch watch) {
        this.watch = watch;
    }

    void close() {
        if (watch != null) watch.close();
    }

    @Override
    public void changed(long revision, Collection<Change> changes) {
        lock.lock();
        try {
            if (full) return;
            boolean first = waiting.isEmpty();
            size += changes.size();
            full = size > MOST_CHANGES;
            if (full) waiting.clear();
            if (!full) waiting.addLast(new Changes(revision, changes));
            if (full || first) time.execute(this::deliver);
        } finally {
            lock.unlock();
        }
    }

    private void deliver() {
        List<Changes> all;
        boolean lost;
        lock.lock();
        try {
            all = new ArrayList<>(waiting);
            waiting.clear();
            lost = full;
            if (!full) size = 0;
        } finally {
            lock.unlock();
        }
        for (Changes each : all) reader.changed(this, each.revision(), each.changes());
        if (lost) reader.ended(this);
    }

    @Override
    public void ended(RegistryException why) {
        time.execute(() -> reader.ended(this));
    }
}
