package org.relay4j.client;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.relay4j.api.RelayRefusedException;
import org.relay4j.yamux.io.Pulse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has another connection made when the only one of a tunnel is silent, as when the network drops its packets. Of one time that the
 * tunnel is up. Safe for use by several threads.
 */
final class Rescue {
    /*
     * TCP repeats lost packets after pauses that double, so it may notice a network that is back only after as long again. New
     * connections are attempted several times a second meanwhile. The first of the two to answer decides:
     *
     *   the old one      ends the attempts; nothing has changed
     *   the new one      joins the tunnel. The server gives it the visitors that wait, and all new ones. The old one keeps the
     *                    visitors that have arrived here. It accepts no others, and the server gives those that are on the way to
     *                    the new one, too, if it understands that. When the old one speaks, it is asked to end with its last
     *                    visitor; if it never does, its keep-alive ends it. If the new one is lost before that, another attempt
     *                    begins: at once if the old one accepts no visitors any more, otherwise if it is still silent
     *
     * Only one that is alone is rescued. Those that leave do not count, so there may be more for a while, up to the limit of a tunnel.
     */
    private static final Logger log = LoggerFactory.getLogger(Rescue.class);

    private final RelayClientOptions options;
    private final Connections connections;
    private final Companions.Joining joining;
    private final AtomicReference<@Nullable Trying> current = new AtomicReference<>();
    private final AtomicReference<@Nullable TunnelConnection> succeeded =
            new AtomicReference<>(); // has a successor, and has not spoken since
    private volatile @Nullable TunnelConnection
            refused; // the server does not let another one join while this one is silent
    private volatile @Nullable Yielded yielded;
    private volatile boolean closed;

    /** Attempts to make another connection in place of a silent one. */
    private record Trying(Attempts attempts, TunnelConnection silent) {}

    /**
     * A connection that accepts no more visitors.
     *
     * @param stays as for {@link #watch}
     */
    private record Yielded(TunnelConnection old, Runnable stays) {}

    Rescue(RelayClientOptions options, Connections connections, Companions.Joining joining) {
        this.options = options;
        this.connections = connections;
        this.joining = joining;
    }

    /**
     * Begins to watch a connection of the tunnel. Does not block.
     *
     * @param stays called if it has been marked as one that gets a successor, and gets none
     */
    void watch(TunnelConnection one, Runnable stays) {
        one.watch(new Pulse.Observer() {
            @Override
            public void silent() {
                begin(one, stays);
            }

            @Override
            public void heard() {
                finish(one);
            }
        });
    }

    /** Ends the attempts. Does not block. */
    void close() {
        closed = true;
        Trying running = current.get();
        if (running != null) running.attempts.close();
    }

    /**
     * A connection of the tunnel was lost: if it was the successor of another one, that is on its own again. Returns whether another
     * successor is made, because that one accepts no more visitors.
     */
    boolean lost() {
        TunnelConnection old = succeeded.getAndSet(null);
        if (old != null) connections.stays(old);
        return replaceYielded();
    }

    /** One that accepts no more visitors needs another successor if it has lost its own, even if it speaks. Returns whether it does. */
    private boolean replaceYielded() {
        Yielded without = yielded;
        if (without == null || connections.isSucceeded(without.old)) return false;
        if (isTrying()) return true; // it is seen to at the end of the attempt
        if (!connections.stays(without.old)) return false;
        begin(without.old, without.stays);
        return true;
    }

    private boolean hasYielded(TunnelConnection old) {
        Yielded last = yielded;
        return last != null && last.old.equals(old);
    }

    boolean isTrying() {
        return current.get() != null;
    }

    private void begin(TunnelConnection silent, Runnable stays) {
        if (closed || silent.equals(refused) || isTrying() || !connections.movesAlone(silent)) return;
        Attempts attempts = new Attempts("the server is silent, and another connection fails", options, () -> true);
        if (!current.compareAndSet(null, new Trying(attempts, silent))) {
            connections.stays(silent);
            return;
        }
        if (closed) attempts.close(); // the thread that closed this object may have missed it
        log.debug("the server is silent, another connection is tried");
        attempts.later(() -> join(silent, stays), Companions::isTemporary, outcome -> ended(silent, stays, outcome));
    }

    private void ended(TunnelConnection silent, Runnable stays, Attempts.Outcome<Boolean> outcome) {
        boolean joined = false;
        boolean useless = false;
        try {
            joined = outcome.get();
        } catch (RelayRefusedException e) {
            refuse(silent);
            log.debug("no other connection joins: {}", e.getMessage());
        } catch (IOException e) {
            log.debug("no other connection is needed: {}", e.getMessage());
        } catch (RuntimeException | Error e) {
            refuse(silent);
            log.error("internal error, the tunnel continues with its connection", e);
        } finally {
            if (joined) succeeded.set(silent);
            // One that accepts no more visitors, and gets no successor, ends as if it had one: the tunnel is resumed.
            useless = !joined && hasYielded(silent);
            boolean alone = !joined && !useless && connections.stays(silent);
            current.set(null);
            if (alone) stays.run();
            if (useless && !closed) silent.abandon();
        }
        if (joined && !silent.isSilent()) retire(silent);
        if (!useless) replaceYielded(); // its successor may be lost already
    }

    private void refuse(TunnelConnection silent) {
        refused = silent;
        if (!silent.isSilent()) refused = null; // it has spoken meanwhile
    }

    private boolean join(TunnelConnection silent, Runnable stays) throws IOException {
        TunnelConnection next = joining.join(-1, Entrance.Way.URGENT);
        if (silent.handOver(next)) yielded = new Yielded(silent, stays);
        return true;
    }

    private void finish(TunnelConnection heard) {
        if (heard.equals(refused)) refused = null;
        Trying running = current.get();
        if (running == null || !running.silent.equals(heard)) retire(heard);
        else if (!hasYielded(heard)) running.attempts.close();
    }

    /** Ends a connection with its last visitor, if it has a successor. Once the tunnel is closed, it ends as that wants. */
    private void retire(TunnelConnection old) {
        if (closed || !succeeded.compareAndSet(old, null)) return;
        if (connections.isSucceeded(old)) {
            if (hasYielded(old)) yielded = null; // it leaves, and needs no other successor
            old.retire();
        } else {
            connections.stays(old);
            replaceYielded();
        }
    }
}
