package org.relay4j.server;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** The states of a tunnel. */
class TunnelLifecycleTest {
    private final TunnelLifecycle lifecycle = new TunnelLifecycle();

    @Test
    void visitorsWaitUntilTheFirstConnectionAndWhileHeld() {
        assertTrue(lifecycle.isClaimed());
        assertTrue(lifecycle.isWaiting());
        lifecycle.serve();
        assertTrue(lifecycle.isServed());
        assertFalse(lifecycle.isWaiting());
        lifecycle.hold();
        assertTrue(lifecycle.isHeld());
        assertTrue(lifecycle.isWaiting());
        lifecycle.serve();
        assertTrue(lifecycle.isServed());
        assertFalse(lifecycle.isClaimed() || lifecycle.isHeld() || lifecycle.isClosed());
    }

    @Test
    void isEstablishedOnce() {
        assertFalse(lifecycle.isEstablished());
        assertTrue(lifecycle.establish());
        assertFalse(lifecycle.establish());
        assertTrue(lifecycle.isEstablished());
    }

    @Test
    void leavesOnce() {
        lifecycle.serve();
        assertFalse(lifecycle.isLeaving());
        assertTrue(lifecycle.leave());
        assertFalse(lifecycle.leave());
        assertTrue(lifecycle.isServed(), "visitors that have connected are still passed on");
    }

    @Test
    void doesNotLeaveAfterTheEnd() {
        lifecycle.close();
        assertTrue(lifecycle.isClosed());
        assertFalse(lifecycle.isWaiting());
        assertFalse(lifecycle.leave());
        assertFalse(lifecycle.isLeaving());
    }

    @Test
    void abortsInAnyState() {
        lifecycle.hold();
        lifecycle.abort();
        assertTrue(lifecycle.isLeaving());
        assertTrue(lifecycle.isHeld(), "until its last connection has ended");
        assertFalse(lifecycle.leave());
    }
}
