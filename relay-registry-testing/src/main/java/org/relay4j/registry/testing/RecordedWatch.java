package org.relay4j.registry.testing;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.relay4j.server.registry.Change;
import org.relay4j.server.registry.Entry;
import org.relay4j.server.registry.RegistryException;
import org.relay4j.server.registry.RegistryStore;

/** A watcher that keeps what it was called with, and notices calls that overlap, come late or go back. */
final class RecordedWatch implements RegistryStore.Watcher {
    record Event(long revision, List<Change> changes) {}

    private final List<Event> events = new CopyOnWriteArrayList<>();
    private final List<String> violations = new CopyOnWriteArrayList<>();
    private final AtomicBoolean called = new AtomicBoolean(); // a call is under way
    private final AtomicReference<@Nullable RegistryException> end = new AtomicReference<>();

    @Override
    public void changed(long revision, Collection<Change> changes) {
        enter();
        if (end.get() != null) violations.add("changed after ended");
        long last = events.isEmpty() ? 0 : events.get(events.size() - 1).revision();
        if (revision <= last) violations.add("revision " + revision + " after " + last);
        if (changes.isEmpty()) violations.add("no changes in revision " + revision);
        events.add(new Event(revision, List.copyOf(changes)));
        called.set(false);
    }

    @Override
    public void ended(RegistryException why) {
        enter();
        if (!end.compareAndSet(null, why)) violations.add("ended twice");
        called.set(false);
    }

    private void enter() {
        if (!called.compareAndSet(false, true)) violations.add("two calls at once");
    }

    /** Returns all calls so far. Fails if one of them was against the rules. */
    List<Event> events() {
        assertTrue(violations.isEmpty(), violations::toString);
        return events;
    }

    /** Returns the keys of all changes, those of deleted ones with a minus sign before them. */
    List<String> keys() {
        List<String> keys = new ArrayList<>();
        for (Event event : events()) {
            for (Change change : event.changes()) keys.add((change.entry() == null ? "-" : "") + change.key());
        }
        return keys;
    }

    /** Returns the entries that {@code before} and all changes together make, in the order of their keys. */
    List<Entry> replay(List<Entry> before) {
        TreeMap<String, Entry> entries = new TreeMap<>();
        before.forEach(entry -> entries.put(entry.key(), entry));
        for (Event event : events()) {
            for (Change change : event.changes()) {
                Entry entry = change.entry();
                if (entry == null) entries.remove(change.key());
                else entries.put(entry.key(), entry);
            }
        }
        return List.copyOf(entries.values());
    }

    boolean hasEnded() {
        events();
        return end.get() != null;
    }

    void assertGoesOn() {
        assertFalse(hasEnded(), () -> "the watch has ended: " + end.get());
    }
}
