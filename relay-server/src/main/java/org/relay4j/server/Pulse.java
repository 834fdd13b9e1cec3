package org.relay4j.server;

import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.relay4j.yamux.io.Loop;

/**
 * Pings a connection that shares its tunnel with others, so that a silent one gets no new visitors. On the connection's loop,
 * except for {@link #isSilent}.
 */
final class Pulse {
    private static final long EVERY = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long SILENCE = TimeUnit.MILLISECONDS.toNanos(1_500);

    private final TunnelConnection connection;
    private final Loop loop;
    private volatile boolean silent;
    private boolean wanted;
    private long begun; // before the first ping; nanoTime
    private Loop.@Nullable Timer next; // while it is running

    Pulse(TunnelConnection connection, Loop loop) {
        this.connection = connection;
        this.loop = loop;
    }

    /** Returns whether the client has been silent for a while. From any thread. */
    boolean isSilent() {
        return silent;
    }

    /**
     * Returns whether a connection counts as silent if its last input arrived then. One that was idle before the first ping had
     * nothing to answer.
     */
    static boolean isSilence(long now, long lastReceived, long begun) {
        return now - lastReceived >= SILENCE && now - begun >= SILENCE;
    }

    /**
     * Starts, or stops as soon as the client is not silent. A silent connection that has become the only one is probably dead
     * too: visitors that wait are served when it speaks, or when the client has returned.
     */
    void run(boolean start) {
        wanted = start;
        if (wanted && next == null) {
            begun = System.nanoTime();
            beat();
        }
        if (!wanted && !silent) stop();
    }

    void stop() {
        if (next != null) next.cancel();
        next = null;
        silent = false;
    }

    private void beat() {
        next = null;
        boolean before = silent;
        silent = isSilence(System.nanoTime(), connection.lastReceived(), begun);
        if (wanted || silent) {
            connection.ping();
            next = loop.schedule(EVERY, this::beat);
        }
        if (before && !silent) connection.openable();
    }
}
