package org.relay4j.server;

import java.util.ArrayDeque;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * The visitors by name that have yet to reach an endpoint: their name is not known, or their TLS handshake is not complete. Each has a
 * number, in the order in which they came. Not safe for use by several threads.
 */
final class NamedVisitors {
    private final Set<Long> present = new LinkedHashSet<>(); // the oldest is first
    private final ArrayDeque<Wait> waits = new ArrayDeque<>(); // the first one ends first
    private long newest;

    /** An action that waits for all visitors up to a number. */
    private record Wait(long last, Runnable then) {}

    /** Adds one more visitor, and returns its number. */
    long enter() {
        present.add(++newest);
        return newest;
    }

    /** Removes a visitor, which has reached an endpoint or never will. Later calls have no effect. */
    void leave(long number) {
        if (present.remove(number)) end();
    }

    /** Returns the number of the newest visitor so far. */
    long newest() {
        return newest;
    }

    /** Calls {@code then} when those that are present now have left; at once if there are none. */
    void afterPresent(Runnable then) {
        waits.add(new Wait(newest, then));
        end();
    }

    private void end() {
        long oldest = present.isEmpty() ? Long.MAX_VALUE : present.iterator().next();
        for (Wait first; (first = waits.peek()) != null && first.last < oldest; ) {
            waits.remove();
            first.then.run();
        }
    }
}
