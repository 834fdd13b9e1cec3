package org.relay4j.yamux.io;

import java.util.ArrayDeque;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The share of one connection, and of the visitors that it carries, in a {@link Bandwidth}. On the loop, with the session's lock
 * held.
 */
final class Throttle {
    /*
     * While the bandwidth is used up, neither the connection nor the sockets of its visitors are read: TCP holds their senders
     * back, and nothing piles up here. When a quarter of the bucket has filled, the connection may read half of it, because its
     * control frames concern all streams; the visitors share the rest, in the order in which they began to wait. Other
     * connections may have been faster each time. So the connection reads a little after a second in any case: pings and
     * credit arrive late, but they do.
     */

    /** The longest pause of the connection. */
    private static final long LONGEST = TimeUnit.SECONDS.toNanos(1);

    /** What the connection reads after the longest pause. Unit: bytes. */
    private static final int OVERDRAWN = 4 * 1024;

    /** Less than this is not worth a read. A waiting visitor gets less in its turn only if less is left. Unit: bytes. */
    private static final int SMALLEST = 2 * 1024;

    private final LoopDriver driver;
    private final Bandwidth bandwidth;
    private final ArrayDeque<BandwidthWaiter> waiting = new ArrayDeque<>(0);
    private boolean connectionWaits;
    private long connectionSince; // ns; if it waits
    private boolean resuming;
    private int share = Integer.MAX_VALUE; // bytes; of one reader while resuming
    private Loop.@Nullable Timer timer; // while anything waits

    Throttle(LoopDriver driver, Bandwidth bandwidth) {
        this.driver = driver;
        this.bandwidth = bandwidth;
    }

    /** Returns how much of a visitor may be read. 0 means not now: {@link BandwidthWaiter#resumeReading} is called later. */
    int takeFor(BandwidthWaiter visitor, int most) {
        boolean turn = resuming || waiting.isEmpty();
        int bytes = turn ? take(most) : 0;
        if (bytes == 0) {
            waiting.add(visitor);
            resumeLater();
        }
        return bytes;
    }

    /** Takes the bytes of a datagram, which does not wait; false if they are more than may be transferred now. */
    boolean admits(int bytes) {
        return bandwidth.take(bytes, bytes, now()) > 0;
    }

    /** Returns how much the connection may read. 0 means not now: {@link LoopDriver#resumeReading} is called later. */
    int takeForConnection(int most) {
        int bytes = take(most);
        if (bytes > 0) return bytes;
        long now = now();
        if (!connectionWaits) {
            connectionWaits = true;
            connectionSince = now;
        } else if (now - connectionSince >= LONGEST) {
            bandwidth.overdraw(OVERDRAWN, now);
            return OVERDRAWN;
        }
        resumeLater();
        return 0;
    }

    private int take(int most) {
        return bandwidth.take(resuming ? 1 : SMALLEST, Math.min(most, share), now());
    }

    void giveBack(int bytes) {
        bandwidth.giveBack(bytes);
    }

    private long now() {
        return driver.loop().now();
    }

    private void resumeLater() {
        if (timer != null || resuming) return;
        long delay = Math.max(TimeUnit.MILLISECONDS.toNanos(1), bandwidth.delay(now()));
        timer = driver.loop().schedule(Math.min(delay, LONGEST), this::resume);
    }

    private void resume() {
        driver.lock.lock();
        try {
            timer = null;
            resuming = true;
            resumeConnection();
            resumeVisitors();
            driver.flush();
        } finally {
            resuming = false;
            share = Integer.MAX_VALUE;
            if (connectionWaits || !waiting.isEmpty()) resumeLater();
            driver.lock.unlock();
        }
    }

    private void resumeConnection() {
        if (!connectionWaits) return;
        long available = bandwidth.available(now());
        share = limited(waiting.isEmpty() ? available : available / 2);
        if (available == 0 && now() - connectionSince < LONGEST) return;
        driver.resumeReading();
        connectionWaits = driver.isPaused();
    }

    private void resumeVisitors() {
        for (int n = waiting.size(); n > 0; n--) {
            share = Math.max(SMALLEST, limited(bandwidth.available(now()) / n));
            BandwidthWaiter next = waiting.poll();
            if (next != null) next.resumeReading();
        }
    }

    private static int limited(long bytes) {
        return (int) Math.min(Integer.MAX_VALUE, Math.max(1, bytes));
    }

    /** Returns the number of visitors whose sockets wait. */
    int waiting() {
        return waiting.size();
    }

    /** The session has ended. */
    void stop() {
        if (timer != null) timer.cancel();
        waiting.clear();
    }
}
