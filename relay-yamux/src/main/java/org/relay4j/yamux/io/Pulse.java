package org.relay4j.yamux.io;

import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.core.Multiplexer;

/**
 * Notices within a second or two that the peer of a session is silent, by pinging it every half second, or only while there is
 * traffic. On the session's loop, unless a method says otherwise.
 */
public final class Pulse {
    /** Learns whether the peer is silent. Called on the session's loop, without its lock. Must not block. */
    public interface Observer {
        /** The peer is silent. Called every half second until it speaks. */
        void silent();

        /** The peer was silent, and has spoken. */
        void heard();

        /** Called at each beat. */
        default void beat() {}
    }

    private final LoopDriver driver;
    private final Observer observer;
    private final Silence silence;
    private Loop.@Nullable Timer next; // while it is running
    private boolean slow; // the next beat comes later than those of a peer in use
    private boolean stopped;

    /** Creates one that does not run yet. */
    public Pulse(LoopDriver driver, Observer observer) {
        this.driver = driver;
        this.observer = observer;
        silence = new Silence(System.nanoTime());
    }

    /** Returns whether the peer is silent. From any thread. */
    public boolean isSilent() {
        return silence.isSilent();
    }

    /** Pings the peer all the time, or not; then it stops as soon as the peer is not silent. */
    public void run(boolean constant) {
        if (stopped) return;
        silence.constant(constant);
        if (constant && slow) cancel();
        if (constant && next == null) beat();
    }

    /** Watches the peer from now on, more and more seldom, until there has been no traffic for four minutes. */
    public void watch() {
        if (stopped) return;
        silence.watch(driver.loop().now());
        if (slow) cancel();
        if (next == null) later(Silence.BEAT);
    }

    /** The peer has answered a ping. On any thread, with the session's lock held or not. */
    public void answered() {
        if (isSilent()) driver.afterwards(this::lookNow);
    }

    /** Ends for good. When the session has ended, it stops by itself at the next beat. */
    public void stop() {
        stopped = true;
        cancel();
        silence.end();
    }

    private void cancel() {
        if (next != null) next.cancel();
        next = null;
        slow = false;
    }

    private void later(long pause) {
        slow = pause > Silence.QUIET;
        next = driver.loop().schedule(pause, this::beat);
    }

    private void beat() {
        next = null;
        slow = false;
        if (stopped) return;
        long now = System.nanoTime();
        long received = look(now);
        if (stopped || !silence.continues(now)) return;
        observer.beat();
        if (silence.asks(now, received)) ask(now);
        later(silence.pause(now, received));
        if (isSilent()) observer.silent();
    }

    private void ask(long now) {
        if (silence.mustAnswer()) driver.ping();
        else driver.probe(now);
    }

    private void lookNow() {
        if (!stopped) look(System.nanoTime());
    }

    /** Returns when the last byte arrived. */
    private long look(long now) {
        boolean before = isSilent();
        long received;
        driver.lock.lock();
        try {
            Multiplexer mux = driver.mux();
            if (mux.ended() != null) stop();
            received = mux.lastReceived();
            if (!stopped) silence.look(now, received, mux.roundTrip(), mux.bytesSent() + mux.bytesReceived());
        } finally {
            driver.lock.unlock();
        }
        if (before && !stopped && !isSilent()) observer.heard();
        return received;
    }
}
