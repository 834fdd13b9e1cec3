package org.relay4j.yamux.io;

import java.util.ArrayDeque;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * A lock with a rank in the lock order. A thread holds at most one session lock and one leaf lock, and acquires the leaf last. The
 * thread of a loop may hold the locks of two of its sessions ({@link #lockSecond}). With assertions enabled, {@link #lock} checks
 * this order; without them there is no cost.
 */
public final class OrderedLock extends ReentrantLock {
    /*
     * A deadlock requires a thread that acquires locks out of order. The check needs no second thread: it fails wherever the
     * order is violated, even without contention.
     */
    private static final long serialVersionUID = 1L;
    private static final ThreadLocal<ArrayDeque<OrderedLock>> HELD = ThreadLocal.withInitial(ArrayDeque::new);

    private enum Rank {
        SESSION,
        LEAF
    }

    private final Rank rank;
    private final String name;
    private final transient Consumer<OrderedLock> precedesThis =
            this::mustPrecedeThis; // kept, so that tests may count allocation

    private OrderedLock(Rank rank, String name) {
        this.rank = rank;
        this.name = name;
    }

    /** Creates the lock of a session. */
    public static OrderedLock ofSession() {
        return new OrderedLock(Rank.SESSION, "a session");
    }

    /**
     * Creates a leaf lock: no other lock is acquired while it is held. It may be acquired with a session's lock held.
     *
     * @param owner the owner of the lock, for the message of a failed check
     */
    public static OrderedLock leaf(String owner) {
        return new OrderedLock(Rank.LEAF, owner);
    }

    /** Returns true if the calling thread holds no lock of this type. For assertions only: always true if they are disabled. */
    public static boolean noneHeld() {
        return HELD.get().isEmpty();
    }

    @Override
    public void lock() {
        assert mayBeTaken();
        super.lock();
        assert taken();
    }

    /**
     * Acquires the lock of a second session of the same loop. Only the thread of that loop ever holds two, so the order does not
     * matter.
     */
    void lockSecond() {
        assert mayBeSecond();
        super.lock();
        assert taken();
    }

    private boolean mayBeSecond() {
        if (isHeldByCurrentThread()) return true;
        ArrayDeque<OrderedLock> held = HELD.get();
        if (rank != Rank.SESSION || held.size() != 1 || held.element().rank != Rank.SESSION) {
            throw new AssertionError("the lock of " + name + " is taken as that of a second session, with "
                    + held.size() + " other locks held");
        }
        return true;
    }

    @Override
    public void unlock() {
        assert released();
        super.unlock();
    }

    private boolean mayBeTaken() {
        if (isHeldByCurrentThread()) return true;
        HELD.get().forEach(precedesThis);
        return true;
    }

    private void mustPrecedeThis(OrderedLock held) {
        if (held.rank.compareTo(rank) >= 0) {
            throw new AssertionError("the lock of " + name + " is taken with the lock of " + held.name + " held");
        }
    }

    private boolean taken() {
        HELD.get().push(this);
        return true;
    }

    private boolean released() {
        if (!isHeldByCurrentThread()) return true; // unlock() throws
        HELD.get().removeFirstOccurrence(this);
        return true;
    }
}
