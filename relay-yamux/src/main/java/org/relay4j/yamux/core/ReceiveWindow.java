package org.relay4j.yamux.core;

import org.jspecify.annotations.Nullable;

/**
 * The receive window of one stream, and the credit to be returned. At any time {@link #open} + unread bytes + {@link
 * #credit} is the whole window that the peer knows of. Each window update moves it towards {@link #size}. A window
 * grows by returning more credit than was consumed and shrinks by returning less, because credit cannot be revoked.
 */
final class ReceiveWindow {
    /** Half of the initial window: larger and fewer updates bring no measurable gain. */
    private static final int LEAST_CREDIT = Frame.INITIAL_WINDOW / 2; // bytes

    /**
     * Number of updates in which a large window is returned. The peer cannot use credit that is still in flight. If
     * credit were returned in halves, the window would have to be twice the capacity of the path.
     */
    private static final int CREDITS = 16;

    private int open = Frame.INITIAL_WINDOW; // bytes the peer may send
    private int credit; // bytes consumed and not yet returned to the peer
    private int whole = Frame.INITIAL_WINDOW; // bytes; open + unread + credit
    private int size; // bytes; target of whole

    // Owned by ReceiveWindowTuner.
    int reserved; // bytes of the session's budget

    boolean far; // the path is long

    long used = ActiveStreams.NEVER; // when data arrived last

    @Nullable
    ReceivePace pace;

    ReceiveWindow(int size) {
        this.size = size;
    }

    int open() {
        return open;
    }

    int credit() {
        return credit;
    }

    int whole() {
        return whole;
    }

    int size() {
        return size;
    }

    void resize(int bytes) {
        size = bytes;
    }

    /** Deducts bytes that the peer is sending. Returns false, without a change, if they exceed the window. */
    boolean use(long length) {
        if (length > open) return false;
        open -= (int) length;
        return true;
    }

    /** Marks bytes as consumed. Returns true if there is enough credit for a window update. */
    boolean consume(int length) {
        credit += length;
        return credit >= Math.max(far ? ReceivePace.LEAST_CREDIT : LEAST_CREDIT, size / CREDITS);
    }

    /** Returns the credit to send to the peer now; 0 while the window shrinks. Unit: bytes. */
    int returnCredit() {
        int withheld = Math.min(credit, Math.max(0, whole - size));
        int delta = credit - withheld + Math.max(0, size - whole);
        whole = Math.max(whole - withheld, size);
        credit = 0;
        open += delta;
        return delta;
    }
}
