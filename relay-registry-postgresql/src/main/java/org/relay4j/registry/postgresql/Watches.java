package org.relay4j.registry.postgresql;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.relay4j.server.registry.Change;
import org.relay4j.server.registry.Entry;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.RegistryStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The watches of a store. One thread asks for new changes about four times a second, by a connection of its own, and moves the clock of
 * the leases on if no other node has. {@code LISTEN} would be faster, but {@code NOTIFY} takes a lock of the whole server when a
 * transaction is committed, and tells nothing while the connection is away.
 */
final class Watches implements AutoCloseable, Runnable {
    private static final Logger log = LoggerFactory.getLogger(Watches.class);
    private static final long INTERVAL = TimeUnit.MILLISECONDS.toNanos(225);

    private final Link link;
    private final Problems problems;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final List<Watched> open = new ArrayList<>(); // guarded by lock
    private boolean started; // guarded by lock
    private boolean woken; // guarded by lock
    private boolean closed; // guarded by lock
    private boolean failing; // confined to the thread

    Watches(Database database, Problems problems) {
        link = new Link(database);
        this.problems = problems;
    }

    /** Begins to move the clock of the leases on. Has no effect the second time, or after {@link #close}. */
    void start() {
        lock.lock();
        try {
            if (started || closed) return;
            started = true;
            Requests.thread("watches", this).start();
        } finally {
            lock.unlock();
        }
    }

    RegistryStore.Watch add(Collection<String> prefixes, long after, RegistryStore.Watcher watcher) {
        Watched added = new Watched(prefixes.toArray(String[]::new), after, watcher);
        start();
        lock.lock();
        try {
            if (!closed) open.add(added);
            woken = true;
            changed.signal();
        } finally {
            lock.unlock();
        }
        return added;
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            for (Watched each : open) each.closed = true;
            open.clear();
            changed.signal();
        } finally {
            lock.unlock();
        }
        link.abort();
    }

    @Override
    public void run() {
        boolean more = false;
        for (List<Watched> watches; (watches = next(more)) != null; ) {
            try {
                more = poll(watches);
                if (failing) log.info("PostgreSQL answers again");
                failing = false;
            } catch (SQLException e) {
                more = false;
                link.drop();
                report(e);
            }
        }
        link.drop();
    }

    /** Waits until it is time to ask again; returns the open watches, or null when the store is closed. */
    private @Nullable List<Watched> next(boolean atOnce) {
        lock.lock();
        try {
            long left = atOnce ? 0 : INTERVAL;
            while (left > 0 && !woken && !closed) left = changed.awaitNanos(left);
            woken = false;
            open.removeIf(each -> each.closed);
            return closed ? null : List.copyOf(open);
        } catch (InterruptedException e) {
            return null; // nobody else interrupts this thread
        } finally {
            lock.unlock();
        }
    }

    private void report(SQLException e) {
        if (failing || isClosed()) return;
        failing = true;
        log.warn("{}; trying again", problems.describe(e));
    }

    private boolean isClosed() {
        lock.lock();
        try {
            return closed;
        } finally {
            lock.unlock();
        }
    }

    /** Returns true if there are more changes than were asked for. */
    private boolean poll(List<Watched> watches) throws SQLException {
        Connection connection = link.ready();
        boolean more = false;
        boolean due = watches.isEmpty();
        for (Watched each : watches) {
            Answer answer = ask(connection, each);
            each.tell(answer);
            more |= answer.upTo < answer.last;
            due |= answer.due;
        }
        if (due) Functions.tick(connection);
        return more;
    }

    private static Answer ask(Connection connection, Watched watched) throws SQLException {
        try (PreparedStatement call = connection.prepareStatement("SELECT * FROM relay_poll(?, ?)")) {
            Functions.setArray(call, 1, "text", watched.prefixes);
            call.setLong(2, watched.after);
            try (ResultSet rows = call.executeQuery()) {
                rows.next();
                Answer answer = new Answer(
                        rows.getLong(1), rows.getLong(2), rows.getLong(3), rows.getBoolean(4), new ArrayList<>());
                do {
                    String key = rows.getString(6);
                    if (key != null) answer.changes.add(change(rows, key));
                } while (rows.next());
                return answer;
            }
        }
    }

    private static Changed change(ResultSet rows, String key) throws SQLException {
        long revision = rows.getLong(5);
        String value = rows.getString(7);
        Entry entry = value == null ? null : new Entry(key, value, revision, rows.getLong(8));
        return new Changed(revision, new Change(key, entry));
    }

    private record Changed(long revision, Change change) {}

    /**
     * What the database answers.
     *
     * @param upTo the changes up to this revision are here
     * @param last the last revision
     * @param pruned the changes up to this revision are lost
     * @param due whether the clock is to be moved on
     */
    private record Answer(long upTo, long last, long pruned, boolean due, List<Changed> changes) {}

    /** A watch. All but {@link #close} is confined to the thread. */
    private static final class Watched implements RegistryStore.Watch {
        final String[] prefixes;
        private final RegistryStore.Watcher watcher;
        private long after; // the changes up to this revision were told
        private volatile boolean closed;

        Watched(String[] prefixes, long after, RegistryStore.Watcher watcher) {
            this.prefixes = prefixes;
            this.after = after;
            this.watcher = watcher;
        }

        @Override
        public void close() {
            closed = true;
        }

        void tell(Answer answer) {
            try {
                if (answer.pruned > after) end("PostgreSQL no longer has the changes after revision " + after, null);
                else if (answer.last < after)
                    end("PostgreSQL is at revision " + answer.last + ", before " + after + ": it was restored", null);
                else tellChanges(answer.changes);
                after = answer.upTo;
            } catch (RuntimeException e) {
                log.error("a watcher has failed; its watch ends", e);
                end("the watcher has failed", e);
            }
        }

        private void tellChanges(List<Changed> changes) {
            for (int from = 0, to; from < changes.size() && !closed; from = to) {
                long revision = changes.get(from).revision;
                to = from;
                while (to < changes.size() && changes.get(to).revision == revision) to++;
                watcher.changed(
                        revision,
                        changes.subList(from, to).stream().map(Changed::change).toList());
            }
        }

        private void end(String why, @Nullable Exception cause) {
            if (closed) return;
            closed = true;
            watcher.ended(new RegistryException(why, cause));
        }
    }
}
