package org.relay4j.yamux.core;

import org.jspecify.annotations.Nullable;

/**
 * A first-in first-out queue of streams with removal from the middle in constant time, so that a stream that dies leaves
 * nothing behind while the output is stalled.
 */
final class StreamQueue {
    /** The place of one stream in one queue. */
    static final class Link {
        final MuxStream stream;

        @Nullable
        Link before;

        @Nullable
        Link after;

        boolean queued;

        Link(MuxStream stream) {
            this.stream = stream;
        }
    }

    private @Nullable Link first;
    private @Nullable Link last;
    private int size;

    int size() {
        return size;
    }

    void add(Link link) {
        if (link.queued) return;
        link.queued = true;
        link.before = last;
        if (last == null) first = link;
        else last.after = link;
        last = link;
        size++;
    }

    @Nullable
    MuxStream poll() {
        Link head = first;
        if (head == null) return null;
        remove(head);
        return head.stream;
    }

    @Nullable
    MuxStream peek() {
        return first == null ? null : first.stream;
    }

    void remove(@Nullable Link link) {
        if (link == null || !link.queued) return;
        if (link.before == null) first = link.after;
        else link.before.after = link.after;
        if (link.after == null) last = link.before;
        else link.after.before = link.before;
        link.before = null;
        link.after = null;
        link.queued = false;
        size--;
    }
}
