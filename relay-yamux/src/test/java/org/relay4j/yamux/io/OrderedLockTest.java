package org.relay4j.yamux.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** The order of locks is checked in all tests, since they run with assertions. */
@SuppressWarnings("LockNotBeforeTry") // the locks are what is tested
class OrderedLockTest {
    private final OrderedLock session = OrderedLock.ofSession();
    private final OrderedLock leaf = OrderedLock.leaf("a pool");

    private static String refusal(OrderedLock held, OrderedLock wanted) {
        held.lock();
        try {
            String message = assertThrows(AssertionError.class, wanted::lock).getMessage();
            assertFalse(wanted.isLocked());
            return message;
        } finally {
            held.unlock();
            assertTrue(OrderedLock.noneHeld());
        }
    }

    @Test
    void leafMayBeTakenUnderASession() {
        session.lock();
        leaf.lock();
        assertFalse(OrderedLock.noneHeld());
        leaf.unlock();
        session.unlock();
        assertTrue(OrderedLock.noneHeld());
    }

    @Test
    void nothingIsTakenUnderALeaf() {
        assertEquals("the lock of a session is taken with the lock of a pool held", refusal(leaf, session));
        assertEquals(
                "the lock of a queue is taken with the lock of a pool held",
                refusal(leaf, OrderedLock.leaf("a queue")));
    }

    @Test
    void oneSessionAtATime() {
        assertEquals(
                "the lock of a session is taken with the lock of a session held",
                refusal(session, OrderedLock.ofSession()));
    }

    @Test
    void asASecondSessionAndThenALeaf() {
        OrderedLock second = OrderedLock.ofSession();
        session.lock();
        second.lockSecond();
        leaf.lock();
        leaf.unlock();
        second.lock(); // it is held
        second.unlock();
        assertThrows(AssertionError.class, OrderedLock.ofSession()::lockSecond);
        assertThrows(AssertionError.class, OrderedLock.ofSession()::lock);
        second.unlock();
        session.unlock();
        assertTrue(OrderedLock.noneHeld());
    }

    @Test
    void onlyASessionIsSecondAndOnlyAfterASession() {
        assertThrows(AssertionError.class, session::lockSecond);
        leaf.lock();
        assertThrows(AssertionError.class, session::lockSecond);
        leaf.unlock();
        session.lock();
        assertThrows(AssertionError.class, leaf::lockSecond);
        session.unlock();
        assertTrue(OrderedLock.noneHeld());
    }

    @Test
    void heldLockMayBeTakenAgain() {
        session.lock();
        leaf.lock();
        session.lock();
        leaf.lock();
        leaf.unlock();
        session.unlock();
        leaf.unlock();
        assertThrows(AssertionError.class, OrderedLock.ofSession()::lock);
        session.unlock();
        assertTrue(OrderedLock.noneHeld());
    }

    @Test
    void unlockingWhatIsNotHeldFailsAsUsual() {
        assertThrows(IllegalMonitorStateException.class, leaf::unlock);
        assertTrue(OrderedLock.noneHeld());
    }
}
