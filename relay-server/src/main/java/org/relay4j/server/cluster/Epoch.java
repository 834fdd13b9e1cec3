package org.relay4j.server.cluster;

import org.jspecify.annotations.Nullable;
import org.relay4j.api.control.ControlLine;
import org.relay4j.server.registry.Entry;

/*
 * The epoch of a claim is the revision of the transaction that made it. This revision is not known before, so the entry is written
 * without an epoch, and whoever reads it takes the revision of the entry. When the entry is written again without a change of owner,
 * for example on another lease, the epoch is written into it. So epochs of an endpoint grow without a further read before the claim,
 * and no other claim can come between the read and the write.
 */
/** Reads epochs. */
final class Epoch {
    /** The greatest epoch that an entry may state. Revisions do not come near it, and numbers beyond could overflow. */
    static final long MOST = 900_000_000_000_000_000L;

    /** What {@link #of} returns for an entry that is damaged. */
    static final long DAMAGED = 0;

    private Epoch() {}

    /** Returns the epoch that a line states, otherwise the revision of its entry; {@link #DAMAGED} if what it states is no epoch. */
    static long of(ControlLine line, Entry entry) {
        return line.has("epoch") ? number(line.value("epoch")) : entry.revision();
    }

    private static long number(@Nullable String text) {
        if (text == null || text.isEmpty() || text.length() > 18) return DAMAGED;
        if (!text.chars().allMatch(c -> c >= '0' && c <= '9')) return DAMAGED;
        long number = Long.parseLong(text);
        return number > MOST ? DAMAGED : number;
    }

    /**
     * Returns the epoch that an entry must state to follow one that is stored; 0 if the revision that it is going to have is greater
     * anyway. After a restore from a backup, an epoch may be ahead of the revision.
     *
     * @param revision at which the stored entry was read
     */
    static long after(long stored, long revision) {
        return stored < revision ? 0 : Math.min(stored + 1, MOST);
    }
}
