package org.relay4j.yamux.core;

import org.jspecify.annotations.Nullable;

/**
 * A FIFO queue of turns with constant-time removal, so that an ended stream leaves no entry in it while the output is
 * stalled.
 */
final class SendTurns {
    /** A pending send and its node in one queue. */
    abstract static class Turn {
        private @Nullable Turn before;
        private @Nullable Turn after;
        private boolean queued;

        /** Sends. Called after the turn has been removed from the queue. */
        abstract void take(long now);
    }

    private @Nullable Turn first;
    private @Nullable Turn last;
    private int size;

    int size() {
        return size;
    }

    void add(Turn turn) {
        if (turn.queued) return;
        turn.queued = true;
        turn.before = last;
        if (last == null) first = turn;
        else last.after = turn;
        last = turn;
        size++;
    }

    @Nullable
    Turn poll() {
        Turn head = first;
        if (head != null) remove(head);
        return head;
    }

    @Nullable
    Turn peek() {
        return first;
    }

    void remove(Turn turn) {
        if (!turn.queued) return;
        if (turn.before == null) first = turn.after;
        else turn.before.after = turn.after;
        if (turn.after == null) last = turn.before;
        else turn.after.before = turn.before;
        turn.before = null;
        turn.after = null;
        turn.queued = false;
        size--;
    }
}
