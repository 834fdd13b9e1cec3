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
     *                    if it never does, its keep-alive ends it
     *
     * Only a connection that is alone is rescued, so there are at most two.
     */
    private static final Logger log = LoggerFactory.getLogger(Rescue.class);

    private final RelayClientOptions options;
    private final Connections connections;
    private final Companions.Joining joining;
    private final AtomicReference<@Nullable Attempts> current = new AtomicReference<>();
    private volatile @Nullable TunnelConnection
            refused; // the server does not let another one join while this one is silent
    private volatile boolean closed;

    Rescue(RelayClientOptions options, Connections connections, Companions.Joining joining) {
        this.options = options;
        this.connections = connections;
        this.joining = joining;
    }

    /** Begins to watch a connection of the tunnel. Does not block. */
    void watch(TunnelConnection one) {
        one.watch(new Pulse.Observer() {
            @Override
            public void silent() {
                begin(one);
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

    private void begin(TunnelConnection silent) {
        if (closed || silent.equals(refused) || current.get() != null || !connections.movesAlone(silent)) return;
        Attempts attempts = new Attempts("the server is silent, and another connection fails", options, () -> true);
        if (!current.compareAndSet(null, attempts)) {
            connections.stays(silent);
            return;
        }
        if (closed) attempts.close(); // the thread that closed this object may have missed it
        log.debug("the server is silent, another connection is tried");
        Callbacks.runSurely(Callbacks.EXECUTOR, () -> work(silent, attempts));
    }

    private void work(TunnelConnection silent, Attempts attempts) {
        boolean joined = false;
        try {
            joined = attempts.again(() -> join(), Companions::isTemporary);
        } catch (RelayRefusedException e) {
            refused = silent;
            log.debug("no other connection joins: {}", e.getMessage());
        } catch (IOException e) {
            log.debug("no other connection is needed: {}", e.getMessage());
        } catch (RuntimeException | Error e) {
            refused = silent;
            log.error("internal error, the tunnel continues with its connection", e);
        } finally {
            if (!joined) connections.stays(silent);
            current.set(null);
        }
        if (joined && !silent.isSilent()) silent.retire();
    }

    private boolean join() throws IOException {
        joining.join(-1, Entrance.Way.URGENT);
        return true;
    }

    private void finish(TunnelConnection heard) {
        if (heard.equals(refused)) refused = null;
        Attempts running = current.get();
        if (running != null) running.close();
        else if (connections.isMoving(heard)) heard.retire();
    }
}
