package org.relay4j.yamux.core;

import org.jspecify.annotations.Nullable;

/**
 * A first-in first-out queue of turns with removal from the middle in constant time, so that a stream that ends leaves
 * nothing behind while the output is stalled.
 */
final class SendTurns {
    /** Something that waits to send, and its place in one queue. */
    abstract static class Turn {
        private @Nullable Turn before;
        private @Nullable Turn after;
        private boolean queued;

        /** Sends. Called when the turn has left the queue. */
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
