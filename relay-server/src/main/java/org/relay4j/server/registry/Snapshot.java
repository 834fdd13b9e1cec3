package org.relay4j.server.registry;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Entries as they were at one revision of the store. */
public record Snapshot(long revision, List<Entry> entries) {
    public Snapshot {
        entries = List.copyOf(entries);
    }

    /** Returns the entry with this key; null if there is none. Takes time in proportion to the number of entries. */
    public @Nullable Entry find(String key) {
        for (Entry each : entries) {
            if (each.key().equals(key)) return each;
        }
        return null;
    }
}
