package org.relay4j.yamux.core;

import org.jspecify.annotations.Nullable;

/**
 * What the peer may still send on one stream, and what of it was used up and goes back as credit. At any moment {@link #open}
 * + bytes that wait to be read + {@link #credit} is the whole window that the peer knows of; it follows {@link #size} with
 * each credit: a window grows by more credit than was used up, and shrinks by less, since credit cannot be taken back.
 */
final class ReceiveWindow {
    /** Half of the initial window: fewer frames of credit save nothing that can be measured. */
    private static final int LEAST_CREDIT = Frame.INITIAL_WINDOW / 2; // bytes

    /**
     * A large window goes back in so many parts. The parts on their way back are of no use to the peer: given back by halves,
     * a window would have to be twice what the path holds.
     */
    private static final int CREDITS = 16;

    private int open = Frame.INITIAL_WINDOW; // bytes the peer may send
    private int credit; // bytes consumed and not yet returned to the peer
    private int whole = Frame.INITIAL_WINDOW; // bytes; open + waiting to be read + credit
    private int size; // bytes; what whole is on its way to

    // Owned by ReceiveWindowTuner.
    int reserved; // bytes of the session's budget

    boolean far; // the path is long

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

    /** Counts bytes that the peer is sending; false, and nothing is counted, when it may not send that many. */
    boolean use(long length) {
        if (length > open) return false;
        open -= (int) length;
        return true;
    }

    /** Counts bytes as used up. True when there is enough credit to be worth a frame. */
    boolean consume(int length) {
        credit += length;
        return credit >= Math.max(far ? ReceivePace.LEAST_CREDIT : LEAST_CREDIT, size / CREDITS);
    }

    /** What the peer may send from now on in addition. Unit: bytes; 0 while the window shrinks. */
    int returnCredit() {
        int withheld = Math.min(credit, Math.max(0, whole - size));
        int delta = credit - withheld + Math.max(0, size - whole);
        whole = Math.max(whole - withheld, size);
        credit = 0;
        open += delta;
        return delta;
    }
}
