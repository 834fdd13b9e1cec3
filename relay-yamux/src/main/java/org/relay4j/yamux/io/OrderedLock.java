package org.relay4j.yamux.io;

import java.util.ArrayDeque;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A lock with a place in the order in which a thread may take locks: at most one session's lock, and under it, or without
 * it, at most one leaf. With assertions enabled each {@link #lock} checks that; without them it costs nothing.
 */
public final class OrderedLock extends ReentrantLock {
    /*
     * Two threads can only wait for each other if each takes a lock that comes before one it holds. The check needs no second
     * thread: it fails wherever the order is violated, also when nobody else wants either lock.
     */
    private static final long serialVersionUID = 1L;
    private static final ThreadLocal<ArrayDeque<OrderedLock>> HELD = ThreadLocal.withInitial(ArrayDeque::new);

    private enum Rank {
        SESSION,
        LEAF
    }

    private final Rank rank;
    private final String name;

    private OrderedLock(Rank rank, String name) {
        this.rank = rank;
        this.name = name;
    }

    /** The lock of a session. */
    public static OrderedLock ofSession() {
        return new OrderedLock(Rank.SESSION, "a session");
    }

    /**
     * A lock under which no other is taken. It may be taken with a session's lock held.
     *
     * @param owner whose lock it is, for the message of a failed check
     */
    public static OrderedLock leaf(String owner) {
        return new OrderedLock(Rank.LEAF, owner);
    }

    /** True if the calling thread holds no lock of this kind. Only for assertions: always true without them. */
    public static boolean noneHeld() {
        return HELD.get().isEmpty();
    }

    @Override
    public void lock() {
        assert mayBeTaken();
        super.lock();
        assert taken();
    }

    @Override
    public void unlock() {
        assert released();
        super.unlock();
    }

    private boolean mayBeTaken() {
        if (isHeldByCurrentThread()) return true;
        for (OrderedLock held : HELD.get()) {
            if (held.rank.compareTo(rank) >= 0) {
                throw new AssertionError("the lock of " + name + " is taken with the lock of " + held.name + " held");
            }
        }
        return true;
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
