package org.relay4j.server;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.relay4j.yamux.io.OrderedLock;

/**
 * The handshakes and tunnels of each name, which end when the name loses its proof. A client is added before the policy looks up
 * its name, so that a change during the proof ends it as well. Safe for use by several threads.
 */
final class Revocations {
    private final ReentrantLock lock = OrderedLock.leaf("the revocations");
    private final Map<String, Set<Entry>> entries = new HashMap<>(); // one for each client with a name; guarded by lock

    /** Adds a client. {@code action} is called once, without a lock, if the name is revoked before {@link Entry#remove}. */
    Entry add(String name, Runnable action) {
        Entry entry = new Entry(name, action);
        lock.lock();
        try {
            entries.computeIfAbsent(name, key -> new HashSet<>()).add(entry);
        } finally {
            lock.unlock();
        }
        return entry;
    }

    /** Ends all clients with this name. From any thread; does not block. */
    void revoke(String name) {
        List<Runnable> actions = new ArrayList<>();
        lock.lock();
        try {
            Set<Entry> revoked = entries.remove(name);
            if (revoked == null) return;
            for (Entry entry : revoked) {
                entry.revoked = true;
                actions.add(entry.action);
            }
        } finally {
            lock.unlock();
        }
        for (Runnable action : actions) action.run();
    }

    /** One client. */
    final class Entry {
        private final String name;
        private Runnable action; // guarded by lock
        private boolean revoked; // guarded by lock

        private Entry(String name, Runnable action) {
            this.name = name;
            this.action = action;
        }

        String name() {
            return name;
        }

        /** Replaces the action. Calls the new one at once if the name has already been revoked. */
        void onRevoke(Runnable newAction) {
            lock.lock();
            try {
                action = newAction;
                if (!revoked) return;
            } finally {
                lock.unlock();
            }
            newAction.run();
        }

        /** Removes the client. Later calls have no effect. */
        void remove() {
            lock.lock();
            try {
                Set<Entry> own = entries.get(name);
                if (own == null || !own.remove(this)) return;
                if (own.isEmpty()) entries.remove(name);
            } finally {
                lock.unlock();
            }
        }
    }
}
