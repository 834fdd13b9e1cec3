package org.relay4j.server.cluster;

import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.relay4j.server.registry.Change;
import org.relay4j.server.registry.Entry;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.RegistryStore;
import org.relay4j.server.registry.Snapshot;
import org.relay4j.server.registry.Transaction;
import org.relay4j.yamux.io.LimitedLog;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/*
 * A watch reports changes in the order of their revisions. Each watch is followed by a comparison of the view with the store: answers that
 * were under way while a backup of the store was restored show the history before. The watch that began with them waits for revisions that
 * the new history has used up meanwhile, and would never show what these have changed.
 */
/**
 * Keeps a view up to date: reads all, watches, and reads all again when a watch has ended or does not show the node's own changes. Confined
 * to the executor of the node, except for what the store calls.
 */
final class Watching implements Inbox.Reader {
    /** A comparison of the view with the store, and the keys that have changed since it began. */
    private static final class Comparison {
        final Set<String> changed = new HashSet<>();
    }

    private static final Logger log = LoggerFactory.getLogger(ClusterNode.class);

    private static final int SHOWN = 100; // characters of a key that is too long
    private static final long RETRY = Duration.ofMillis(500).toNanos();
    private static final long ECHO = Duration.ofSeconds(5).toNanos(); // between two, and until a watch counts as dead
    private static final long SECOND_LOOK = Duration.ofSeconds(10).toNanos(); // after a watch has begun, at the latest

    private final Access access;
    private final Presence presence;
    private final View view;
    private final Runnable wentBack;
    private final String echo; // the key that this node writes to see whether its watch reports it
    private final String echoes; // the prefix of that key only
    private @Nullable Inbox inbox; // of the watch that counts
    private @Nullable Runnable complete;
    private boolean reading;
    private boolean closed;
    private long readAt; // when to read all
    private long newest; // the highest revision that was seen
    private long echoAt; // when to send the next echo
    private long echoSent; // when the last one was sent
    private boolean echoMissing; // whether it has not been seen yet
    private long echoShown; // revision of the last one that a watch has shown
    private long lag;
    private final long interval; // between two refreshes
    private long refreshAt; // when to compare the view with the store
    private @Nullable Comparison comparison; // that is being made
    private boolean blind; // between the end of a watch and the next one
    private long blindSince; // when the view was up to date last
    private @Nullable RegistryException failure; // of the last attempt to read all; null if it has not failed
    private final LimitedLog tooLong = new LimitedLog(log, Level.WARN);
    private final LimitedLog unread = new LimitedLog(log, Level.WARN);

    /**
     * @param wentBack called when the history of the store was replaced by an older one
     */
    Watching(Access access, Presence presence, View view, Runnable wentBack) {
        this.access = access;
        this.presence = presence;
        this.view = view;
        this.wentBack = wentBack;
        String self = access.settings().self().name();
        echo = access.keys().echo(self);
        echoes = access.keys().echoes(self);
        interval = access.settings().times().claim().toNanos();
        echoAt = access.now(); // the time of a clock may be negative
        readAt = access.now();
    }

    /** Reads all for the first time. */
    void start(Runnable whenComplete) {
        complete = whenComplete;
        read();
    }

    /** Reads routes first: a node that was gone for a moment between the two takes its routes with it, and then puts them again. */
    private void read() {
        long now = access.now();
        if (!blind) blindSince = echoMissing ? echoSent : now;
        blind = true;
        closeInbox();
        reading = true;
        comparison = null;
        access.readAll(
                access.keys().routes(),
                access.keys().nodes(),
                true,
                (routes, nodes) -> read(nodes, routes),
                this::unread);
    }

    private void unread(RegistryException why) {
        reading = false;
        readAt = access.now() + RETRY;
        failure = why;
        if (!closed) {
            unread.log(
                    "relay server: the store of the cluster cannot be read, so changes by other nodes are unknown here, trying again: {}",
                    String.valueOf(why.getMessage()));
        }
    }

    private void read(Snapshot nodes, Snapshot routes) {
        reading = false;
        if (closed) return;
        blind = false;
        failure = null;
        boolean back = routes.revision() < newest;
        newest = Math.max(routes.revision(), nodes.revision()); // another history may have begun between the two
        view.replace(usable(nodes), usable(routes));
        Inbox next = new Inbox(access.time(), nodes.revision(), this);
        inbox = next;
        echoMissing = false;
        refreshAt = access.firstTime(SECOND_LOOK, 17);
        next.fill(access.store()
                .watch(List.of(access.keys().nodes(), access.keys().routes(), echoes), routes.revision(), next));
        if (back) wentBack.run();
        if (complete != null) complete.run();
        complete = null;
    }

    void tick() {
        long now = access.now();
        if (closed || reading) return;
        if (inbox == null) {
            if (readAt - now <= 0) read();
        } else if (echoMissing && now - echoSent > ECHO) {
            read();
        } else if (!echoMissing && echoAt - now <= 0 && presence.isReady()) {
            echo(now);
        } else if (comparison == null && refreshAt - now <= 0) {
            refresh();
        }
    }

    /**
     * Compares the view with the store while the watch goes on. A store that was restored from a backup may have got to a later revision
     * before this node has asked it for anything; then the watch goes on without what has changed in between.
     */
    private void refresh() {
        refreshAt = access.firstTime(interval, 17); // not with nodes whose watches began together
        Comparison made = new Comparison();
        comparison = made;
        long before = newest;
        access.readAll(
                access.keys().nodes(),
                access.keys().routes(),
                false,
                (nodes, routes) -> {
                    if (comparison != made) return; // all was read meanwhile
                    comparison = null;
                    if (nodes.revision() < before) read();
                    else view.compare(usable(nodes), usable(routes), made.changed);
                },
                why -> {
                    if (comparison == made) comparison = null;
                });
    }

    private void echo(long now) {
        echoAt = now + ECHO;
        Transaction put = Transaction.NONE.put(echo, "echo", presence.routes());
        Inbox expected = inbox;
        access.requests()
                .send(
                        () -> access.store().commit(put),
                        commit -> {
                            if (expected != inbox) return;
                            long revision = commit.seen().revision();
                            if (revision > newest) {
                                echoMissing = true;
                                echoSent = now;
                            } else if (revision == echoShown) { // the watch was faster
                                lag = access.now() - now;
                            } else {
                                read(); // it has passed this revision, but in another history
                            }
                        },
                        why -> {});
    }

    private Snapshot usable(Snapshot all) {
        if (all.entries().stream().allMatch(this::isUsable)) return all;
        return new Snapshot(
                all.revision(), all.entries().stream().filter(this::isUsable).toList());
    }

    /** An entry that is too long counts as deleted. */
    private Change usable(Change change) {
        Entry entry = change.entry();
        return entry == null || isUsable(entry) ? change : new Change(change.key(), null);
    }

    /** No node writes longer ones. Each would be kept in memory, and looked at with each change. */
    private boolean isUsable(Entry entry) {
        if (entry.key().length() <= RegistryStore.LONGEST_KEY && entry.value().length() <= RegistryStore.LONGEST_VALUE)
            return true;
        tooLong.log(
                "relay server: the store of the cluster has an entry that no node has written, which is ignored: key {}... of {} characters, value of {}",
                entry.key().substring(0, Math.min(SHOWN, entry.key().length())),
                entry.key().length(),
                entry.value().length());
        return false;
    }

    @Override
    public void changed(Inbox from, long revision, Collection<Change> changes) {
        if (from != inbox) return;
        newest = Math.max(newest, revision);
        noteChanged(changes);
        Collection<Change> news = changes.stream()
                .filter(each -> revision > from.nodesAt()
                        || !each.key().startsWith(access.keys().nodes()))
                .map(this::usable)
                .toList();
        if (changes.stream().anyMatch(each -> each.key().equals(echo))) {
            if (echoMissing) lag = access.now() - echoSent;
            echoMissing = false;
            echoShown = revision;
        }
        view.changed(revision, news);
    }

    private void noteChanged(Collection<Change> changes) {
        Comparison made = comparison;
        if (made == null) return;
        for (Change each : changes) made.changed.add(each.key());
        if (made.changed.size() > Inbox.MOST_CHANGES) comparison = null; // the next one is as good
    }

    @Override
    public void ended(Inbox from) {
        if (from != inbox) return;
        closeInbox();
        readAt = access.now();
        tick();
    }

    private void closeInbox() {
        Inbox last = inbox;
        inbox = null;
        if (last != null) last.close();
    }

    /** Returns why all could not be read when it was tried last; null if it could, or was not tried. */
    @Nullable
    RegistryException failure() {
        return failure;
    }

    /** Returns whether there is no watch at present, so that changes are not seen. */
    boolean isBlind() {
        return blind;
    }

    /** Returns how long the last change of the node was under way, or has been, or how long there is no watch. Unit: nanoseconds. */
    long lag() {
        if (blind) return Math.max(lag, access.now() - blindSince);
        return echoMissing ? Math.max(lag, access.now() - echoSent) : lag;
    }

    void close() {
        closed = true;
        closeInbox();
    }
}
