package org.relay4j.server.registry;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A watch of a {@link MemoryRegistry}. It has no queue: it reads the history from the last revision that it has reported. */
final class MemoryWatch implements RegistryStore.Watch {
    private static final Logger log = LoggerFactory.getLogger(MemoryWatch.class);

    private final MemoryRegistry registry;
    private final Executor executor;
    private final List<String> prefixes;
    private final RegistryStore.Watcher watcher;
    private final AtomicInteger wakes = new AtomicInteger(); // since the report under way began; 0 if none is
    private long reported; // revision; only the report under way uses it
    private volatile boolean replaced; // the history is not the one that it has reported
    private volatile boolean over;

    MemoryWatch(
            MemoryRegistry registry,
            Executor executor,
            List<String> prefixes,
            long after,
            RegistryStore.Watcher watcher) {
        this.registry = registry;
        this.executor = executor;
        this.prefixes = prefixes;
        reported = after;
        this.watcher = watcher;
    }

    void open() {
        registry.add(this);
        wake();
    }

    /** Ends the watch, because the history was replaced by another one. */
    void replaced() {
        replaced = true;
        wake();
    }

    /** Has the changes since the last report reported, on the executor. */
    void wake() {
        if (wakes.getAndIncrement() > 0) return;
        try {
            executor.execute(this::report);
        } catch (RejectedExecutionException e) {
            log.debug("A watch has ended with its executor", e);
            close();
        }
    }

    private void report() {
        int seen = 1;
        do {
            List<MemoryRegistry.Revision> revisions = over ? List.of() : replaced ? null : registry.since(reported);
            if (revisions == null) end();
            else revisions.forEach(this::report);
            seen = wakes.addAndGet(-seen);
        } while (seen > 0);
    }

    private void report(MemoryRegistry.Revision revision) {
        reported = revision.number();
        List<Change> wanted = new ArrayList<>();
        for (Change change : revision.changes()) {
            if (prefixes.stream().anyMatch(change.key()::startsWith)) wanted.add(change);
        }
        if (!wanted.isEmpty()) call(() -> watcher.changed(reported, wanted));
    }

    private void end() {
        call(() -> watcher.ended(new RegistryException(
                "the store no longer has the changes after revision " + reported + ": read all anew", null)));
        close();
    }

    private void call(Runnable call) {
        if (over) return;
        try {
            call.run();
        } catch (RuntimeException e) {
            log.warn("A watcher of the registry has failed", e);
        }
    }

    boolean isOver() {
        return over;
    }

    @Override
    public void close() {
        over = true;
        registry.remove(this);
    }
}
