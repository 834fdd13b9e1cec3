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
     *   the new one      joins the tunnel. The server gives it the visitors that wait, and all new ones. The old one keeps its
     *                    visitors, and accepts those that are on the way to it. When it speaks, it is asked to end with the last one;
     *                    if it never does, its keep-alive ends it. If the new one is lost before that, the old one has no
     *                    successor any more, and another attempt begins if it is still silent
     *
     * Only one that is alone is rescued. Those that leave do not count, so there may be more for a while, up to the limit of a tunnel.
     */
    private static final Logger log = LoggerFactory.getLogger(Rescue.class);

    private final RelayClientOptions options;
    private final Connections connections;
    private final Companions.Joining joining;
    private final AtomicReference<@Nullable Attempts> current = new AtomicReference<>();
    private final AtomicReference<@Nullable TunnelConnection> succeeded =
            new AtomicReference<>(); // has a successor, and has not spoken since
    private volatile @Nullable TunnelConnection
            refused; // the server does not let another one join while this one is silent
    private volatile boolean closed;

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
        Attempts running = current.get();
        if (running != null) running.close();
    }

    /** A connection of the tunnel was lost: if it was the successor of another one, that is on its own again. */
    void lost() {
        TunnelConnection old = succeeded.getAndSet(null);
        if (old != null) connections.stays(old);
    }

    boolean isTrying() {
        return current.get() != null;
    }

    private void begin(TunnelConnection silent, Runnable stays) {
        if (closed || silent.equals(refused) || isTrying() || !connections.movesAlone(silent)) return;
        Attempts attempts = new Attempts("the server is silent, and another connection fails", options, () -> true);
        if (!current.compareAndSet(null, attempts)) {
            connections.stays(silent);
            return;
        }
        if (closed) attempts.close(); // the thread that closed this object may have missed it
        log.debug("the server is silent, another connection is tried");
        Callbacks.runSurely(Callbacks.EXECUTOR, () -> work(silent, stays, attempts));
    }

    private void work(TunnelConnection silent, Runnable stays, Attempts attempts) {
        boolean joined = false;
        try {
            joined = attempts.again(() -> join(), Companions::isTemporary);
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
            boolean alone = !joined && connections.stays(silent);
            current.set(null);
            if (alone) stays.run();
        }
        if (joined && !silent.isSilent()) retire(silent);
    }

    private void refuse(TunnelConnection silent) {
        refused = silent;
        if (!silent.isSilent()) refused = null; // it has spoken meanwhile
    }

    private boolean join() throws IOException {
        joining.join(-1, Entrance.Way.URGENT);
        return true;
    }

    private void finish(TunnelConnection heard) {
        if (heard.equals(refused)) refused = null;
        Attempts running = current.get();
        if (running != null) running.close();
        else retire(heard);
    }

    /** Ends a connection with its last visitor, if it has a successor. Once the tunnel is closed, it ends as that wants. */
    private void retire(TunnelConnection old) {
        if (closed || !succeeded.compareAndSet(old, null)) return;
        if (connections.isSucceeded(old)) old.retire();
        else connections.stays(old);
    }
}
