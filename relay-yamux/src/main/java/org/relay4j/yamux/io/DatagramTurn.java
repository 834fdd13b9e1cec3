package org.relay4j.yamux.io;

import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * The datagrams that the streams of one session may pass on in one pass of the loop. Each is a system call, and one read of a
 * session may bring more than 100,000 tiny ones: without a limit, all others of the loop would wait. Confined to the loop.
 */
final class DatagramTurn {
    /*
     * A stream that finds the limit reached waits, and so does each one that comes while others wait. From the next pass on, those
     * that wait take turns, so that one that sends without end delays the others by a share at most.
     */

    static final int MOST = 2_048; // datagrams

    /** The datagrams of one stream before the turn of the next one that waits. */
    private static final int SHARE = 64;

    /** A stream that waits. */
    interface Waiting {
        /** Passes on datagrams as long as {@link #take} permits. Called on the loop with the session's lock held. */
        void resume();
    }

    private final LoopDriver driver;
    private final Set<Waiting> waiting = new LinkedHashSet<>(1); // the next one first
    private long pass; // ns; start of the pass to which the count belongs
    private int left; // datagrams
    private boolean serving; // the streams that wait take turns
    private int share; // datagrams; left of the turn, while serving
    private boolean scheduled; // a timer serves those that wait

    DatagramTurn(LoopDriver driver) {
        this.driver = driver;
    }

    /** Returns whether a stream may pass on one more datagram now, and counts it. If not, it waits, and is resumed. */
    boolean take(Waiting stream) {
        boolean isNext = serving ? share > 0 : waiting.isEmpty();
        if (isNext && hasLeft()) {
            left--;
            share--;
            return true;
        }
        waiting.add(stream);
        serveLater();
        return false;
    }

    private boolean hasLeft() {
        long now = driver.loop().now();
        if (now != pass) {
            pass = now;
            left = MOST;
        }
        return left > 0;
    }

    private void serveLater() {
        if (scheduled || serving) return;
        scheduled = true;
        driver.loop().schedule(0, this::serve); // a task would run in this pass
    }

    private void serve() {
        driver.lock.lock();
        try {
            scheduled = false;
            serving = true;
            while (hasLeft() && !waiting.isEmpty()) {
                Iterator<Waiting> turns = waiting.iterator();
                Waiting next = turns.next();
                turns.remove();
                share = SHARE;
                next.resume();
            }
            driver.flush();
        } finally {
            serving = false;
            if (!waiting.isEmpty()) serveLater();
            driver.lock.unlock();
        }
    }
}
