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
    private Epoch() {}

    /** Returns the epoch that a line states, otherwise the revision of its entry. */
    static long of(ControlLine line, Entry entry) {
        long stated = number(line.value("epoch"));
        return stated > 0 ? stated : entry.revision();
    }

    private static long number(@Nullable String text) {
        if (text == null || text.isEmpty() || text.length() > 18) return 0;
        return text.chars().allMatch(c -> c >= '0' && c <= '9') ? Long.parseLong(text) : 0;
    }
}
